"""Writes train.txt, invented words by Zipf's law, and train.vocab.txt, what
Hugging Face's WordPieceTrainer makes of it. Needed only to renew the files,
never to run the tests.

    pip install numpy==2.4.6 tokenizers==0.23.3
    python make_train.py

Where pairs are equally frequent, the trainer chooses by chance; the script
trains several times and keeps the tokens that it always chose.
"""

import numpy as np
from tokenizers import BertWordPieceTokenizer

SIZE = 150
rng = np.random.default_rng(3)
syllables = ["".join(rng.choice(list(part)) for part in ("bcdfglmnprst", "aeiou", "nrst")) for _ in range(40)]
words = sorted({"".join(rng.choice(syllables, rng.integers(1, 4))) for _ in range(300)})
rng.shuffle(words)
lines = []
for _ in range(250):
    ranks = np.minimum(rng.zipf(1.3, rng.integers(4, 9)), len(words)) - 1
    line = " ".join(words[i] for i in ranks)
    lines.append(line.capitalize() + rng.choice([".", "!", "?", ", 12."]))
with open("train.txt", "w") as f:
    f.write("\n".join(lines) + "\n")

always = None
for _ in range(8):
    trainer = BertWordPieceTokenizer(lowercase=True)
    trainer.train(["train.txt"], vocab_size=SIZE, min_frequency=2, show_progress=False)
    vocab = set(trainer.get_vocab())
    always = vocab if always is None else always & vocab
print(len(vocab), len(always))
with open("train.vocab.txt", "w") as f:
    f.write("\n".join(sorted(always)) + "\n")
