"""Six networks of products, run in an environment with torch: `python networks.py NAME infer|train|export FOLDER`."""

import sys

import torch
from torch import nn


class UNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.down = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU())
        self.pool, self.deep = nn.MaxPool2d(2), nn.Sequential(nn.Conv2d(4, 8, 3, padding=1), nn.ReLU())
        self.up, self.head = nn.ConvTranspose2d(8, 4, 2, stride=2), nn.Conv2d(8, 2, 1)

    def forward(self, x):
        skip = self.down(x)
        return self.head(torch.cat([skip, self.up(self.deep(self.pool(skip)))], 1))


class Residual(nn.Module):
    def __init__(self, a, b, stride):
        super().__init__()
        self.one, self.two = nn.Conv2d(a, b, 3, stride, 1, bias=False), nn.Conv2d(b, b, 3, 1, 1, bias=False)
        self.n1, self.n2 = nn.BatchNorm2d(b), nn.BatchNorm2d(b)
        self.side = nn.Sequential(nn.Conv2d(a, b, 1, stride, bias=False), nn.BatchNorm2d(b))

    def forward(self, x):
        return torch.relu(self.n2(self.two(torch.relu(self.n1(self.one(x))))) + self.side(x))


class ResNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(1, 4, 3, 1, 1), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(3, 2, 1))
        self.body = nn.Sequential(Residual(4, 8, 1), Residual(8, 8, 2), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 5))

    def forward(self, x):
        return self.body(self.stem(x))


class ViT(nn.Module):
    def __init__(self):
        super().__init__()
        self.patch, self.token = nn.Conv2d(1, 16, 4, 4), nn.Parameter(torch.zeros(1, 1, 16))
        self.n1, self.n2, self.qkv, self.out = nn.LayerNorm(16), nn.LayerNorm(16), nn.Linear(16, 48), nn.Linear(16, 16)
        self.mlp, self.head = nn.Sequential(nn.Linear(16, 32), nn.GELU(), nn.Linear(32, 16)), nn.Linear(16, 5)

    def forward(self, x):
        x = self.patch(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(x.shape[0], -1, -1), x], 1)
        b, n, c = x.shape
        q, k, v = self.qkv(self.n1(x)).reshape(b, n, 3, 2, c // 2).permute(2, 0, 3, 1, 4)
        x = x + self.out(nn.functional.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(b, n, c))
        return self.head((x + self.mlp(self.n2(x)))[:, 0])


class LSTM(nn.Module):
    def __init__(self):
        super().__init__()
        self.words, self.lstm, self.head = nn.Embedding(20, 8), nn.LSTM(8, 12, batch_first=True), nn.Linear(12, 5)

    def forward(self, x):
        return self.head(self.lstm(self.words(x))[0][:, -1])


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.words = nn.Embedding(20, 16)
        self.body = nn.TransformerEncoder(nn.TransformerEncoderLayer(16, 2, 32, dropout=0.0, batch_first=True), 2)
        self.head = nn.Linear(16, 5)

    def forward(self, x):
        return self.head(self.body(self.words(x)).mean(1))


def cnn():
    return nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(4, 8, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.1),
        nn.Linear(8, 5),
    )


NETWORKS = {"cnn": cnn, "unet": UNet, "resnet": ResNet, "vit": ViT, "lstm": LSTM, "encoder": Encoder}


def main():
    name, what, folder = sys.argv[1:4]
    torch.manual_seed(0)
    net = NETWORKS[name]()
    x = torch.randint(20, (2, 7)) if name in ("lstm", "encoder") else torch.randn(2, 1, 16, 16)
    if what == "train":
        optimiser = torch.optim.AdamW(net.parameters())
        y = torch.randint(2, (2, 16, 16)) if name == "unet" else torch.randint(5, (2,))
        nn.functional.cross_entropy(net(x), y).backward()
        optimiser.step()
        return
    net.eval()
    if what == "export":
        torch.onnx.export(net, (x,), f"{folder}/{name}.onnx", dynamo=True, verbose=False)
        return
    with torch.inference_mode():
        net(x)


if __name__ == "__main__":
    main()
