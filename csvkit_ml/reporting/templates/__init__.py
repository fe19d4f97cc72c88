"""Texts of report.html: Jinja2 templates, style sheet, script."""
