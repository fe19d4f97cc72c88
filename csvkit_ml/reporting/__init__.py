"""Reports: `assemble` builds one ReportModel, then one `*_format` file per kind of file renders it. Pure: values in, bytes out."""
