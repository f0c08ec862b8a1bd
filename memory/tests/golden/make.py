"""Makes vectors.jsonl: what all-MiniLM-L6-v2 gives with its original f32 weights.

An implementation of its own, in numpy and from the papers, with nothing of the crate in it: basic tokenisation and
WordPiece as in BERT, the encoder in float64, mean over all tokens, length 1.

    python make.py FOLDER      where FOLDER holds the published model.safetensors and vocab.txt
"""

import json
import math
import pathlib
import struct
import sys
import unicodedata

import numpy as np

SENTENCES = [
    "The cat sat on the mat.",
    "A feline rested on a rug.",
    "Stock markets fell sharply on Monday after the central bank raised interest rates.",
    "What is the boundary layer on a flat plate in supersonic flow?",
    "The boundary layer grows with the square root of the distance from the leading edge.",
    "k-means splits points into k groups so that the squared distances to the means are small.",
    "My favourite dataset is iris.",
    "Which dataset do I like best?",
    "How do I reset my password?",
    "Ünïcödé naïve café résumé Straße",
    "机器学习 is machine learning",
    "e = mc^2; f(x) = 3*x**2 - 1.5e-3",
    "https://example.org/path?query=1&other=two#fragment",
    "fn main() { println!(\"hello, {name}\"); }",
    "antidisestablishmentarianism pneumonoultramicroscopicsilicovolcanoconiosis",
    "ALL CAPITALS AND 1234567890 NUMBERS!!!",
    "yes",
    "?",
    "It was the best of times, it was the worst of times, it was the age of wisdom, it was the age of foolishness.",
    " ".join(["Heat flows from the hot body to the cold one, never by itself the other way."] * 6),
    " ".join(["A very long text is cut after two hundred and fifty six word pieces."] * 40),
]


def tensors(path):
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    header.pop("__metadata__", None)
    body = data[8 + length :]
    kinds = {"F32": np.float32, "I64": np.int64}
    read = lambda t: np.frombuffer(body[slice(*t["data_offsets"])], kinds[t["dtype"]]).reshape(t["shape"])
    return {name: read(t).astype(np.float64) for name, t in header.items()}


def is_punctuation(c):
    code = ord(c)
    ascii_sign = 33 <= code <= 47 or 58 <= code <= 64 or 91 <= code <= 96 or 123 <= code <= 126
    return ascii_sign or unicodedata.category(c).startswith("P")


def basic(text):
    out = []
    for c in text:
        if 0x4E00 <= ord(c) <= 0x9FFF:
            out.append(f" {c} ")
        elif c.isspace():
            out.append(" ")
        elif unicodedata.category(c)[0] != "C":
            out.append(c)
    text = unicodedata.normalize("NFD", "".join(out).lower())
    text = "".join(c for c in text if unicodedata.category(c) != "Mn")
    return "".join(f" {c} " if is_punctuation(c) else c for c in text).split()


def pieces(word, vocabulary):
    found, start = [], 0
    while start < len(word):
        for end in range(len(word), start, -1):
            piece = ("##" if start else "") + word[start:end]
            if piece in vocabulary:
                found.append(vocabulary[piece])
                start = end
                break
        else:
            return [vocabulary["[UNK]"]]
    return found


def tokens(text, vocabulary):
    body = [piece for word in basic(text) for piece in pieces(word, vocabulary)]
    return [vocabulary["[CLS]"]] + body[:254] + [vocabulary["[SEP]"]]


def norm(x, w, name):
    centred = x - x.mean(-1, keepdims=True)
    scaled = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-12)
    return scaled * w[name + ".weight"] + w[name + ".bias"]


def linear(x, w, name):
    return x @ w[name + ".weight"].T + w[name + ".bias"]


erf = np.vectorize(math.erf)


def embed(ids, w):
    e = "embeddings."
    x = w[e + "word_embeddings.weight"][ids] + w[e + "position_embeddings.weight"][: len(ids)]
    x = norm(x + w[e + "token_type_embeddings.weight"][0], w, e + "LayerNorm")
    for i in range(6):
        l = f"encoder.layer.{i}."
        split = lambda y: y.reshape(len(ids), 12, 32).transpose(1, 0, 2)
        q, k, v = (split(linear(x, w, l + "attention.self." + part)) for part in ("query", "key", "value"))
        scores = q @ k.transpose(0, 2, 1) / math.sqrt(32)
        scores = np.exp(scores - scores.max(-1, keepdims=True))
        seen = (scores / scores.sum(-1, keepdims=True)) @ v
        seen = linear(seen.transpose(1, 0, 2).reshape(len(ids), 384), w, l + "attention.output.dense")
        x = norm(x + seen, w, l + "attention.output.LayerNorm")
        inner = linear(x, w, l + "intermediate.dense")
        inner = inner * 0.5 * (1 + erf(inner / math.sqrt(2)))
        x = norm(x + linear(inner, w, l + "output.dense"), w, l + "output.LayerNorm")
    mean = x.mean(0)
    return mean / np.linalg.norm(mean)


def main():
    folder = pathlib.Path(sys.argv[1])
    w = tensors(folder / "model.safetensors")
    vocabulary = {word: i for i, word in enumerate((folder / "vocab.txt").read_text("utf-8").split("\n"))}
    rows = []
    for text in SENTENCES:
        vector = embed(tokens(text, vocabulary), w)
        rows.append({"text": text, "vector": [round(float(x), 6) for x in vector]})
    out = pathlib.Path(__file__).with_name("vectors.jsonl")
    out.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")


main()
