"""Writes golden/*.jsonl: what Hugging Face's tokenizers makes of awkward texts.

    pip install -r requirements.txt
    python make_golden.py [directory of the full vocabularies]

The full cased and multilingual vocabularies (bert-base-cased and
bert-base-multilingual-cased, each a folder with vocab.txt) are not in the
repository. With them this also writes the reduced ones that are, and the rows
that need the full ones. Rows are JSON: the input, then ids, type ids, word
indices and offsets (code points: start, end, start, end, ...), and what the
ids decode to. One row a line.
"""

import json
import pathlib
import random
import sys

import tokenizers
import transformers
from tokenizers import AddedToken, Tokenizer, decoders, normalizers, pre_tokenizers, processors
from tokenizers.models import WordPiece

assert tokenizers.__version__ == "0.23.3"
assert transformers.__version__ == "5.24.0"

HERE = pathlib.Path(__file__).parent
MODELS = HERE.parent.parent.parent / "models"
FULL = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else None
GOLDEN = HERE / "golden"
GOLDEN.mkdir(exist_ok=True)

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]

# Each group is a question that a reader may ask.
TEXTS = [
    # nothing, and next to nothing
    *["", " ", "\n", "\t \r\n", "\u3000", "a", "A", "!", "中", "é", "😀", "\u0301", "\u00ad", "\x00"],
    # plain words
    "The quick brown fox jumps over the lazy dog.",
    "Hello, y'all! How are you 😁 ?",
    "unaffable unwanted running transformerization antidisestablishmentarianism",
    "He paid $3.50 for it on 2024-02-29, i.e. 10% more than in '23.",
    "state-of-the-art e-mail@example.org https://example.org/a_b?c=d&e=f#g C++ C# .NET",
    "camelCase snake_case SCREAMING_CASE iPhone McDonald's O'Neill 3rd 1,000,000 1e-12 0xFF",
    "Don't you think it's they're we've I'm can't won't y'all'd've?",
    "\"Quotes\" 'single' “curly” ‘curly’ «guillemets» „low“ – — … ‹›",
    "a.b.c ... ?! !? -- ;:, ()[]{}<> /\\ | ~ ` ^ @ # $ % & * + = _",
    "tab\tnewline\nreturn\rvertical\x0bfeed\x0cnext\x85line\u2028sep\u2029par",
    "  leading and trailing   and  inner   spaces  ",
    "\u00a0no-break\u00a0space\u2003em\u2009thin\u200azero\u200bwidth\ufeffbom\u3000ideographic\u1680ogham\u202fnarrow\u205f",
    # special tokens in the text
    *["[MASK]", "[CLS] [SEP]", "my dog is [MASK].", "[MASK][MASK] [MASK]", "a[MASK]b", "[[MASK]]", "[MASK", "MASK]", "[mask]"],
    *["[ MASK ]", "[UNK] [PAD]", "x[SEP]y[CLS]z", "我今天要[MASK]课。", "é[MASK]é", "[MASK]\u0301", "\u0301[MASK]", "##ing", "[unused1]"],
    # accents, precomposed and combining
    "naïve café résumé Ångström Zürich São Paulo Đà Nẵng Łódź Þór Ærø Œuvre ﬁn ﬂ ſ",
    "nai\u0308ve cafe\u0301 re\u0301sume\u0301 A\u030angstro\u0308m e\u0301\u0323 e\u0323\u0301 \u1ebf \u1ec7",
    "Q\u0307\u0323 q\u0323\u0307 \u0344 x\u0344y \u0340\u0341 \u0374 \u037e \u0387 \u2126\u212a\u212b",
    "e\u0301" * 60,
    "a" + "\u0301" * 150 + "b",
    "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢L̠ͨͧͩ͘G̴̻͈͍͔̹̑͗̎̅͛́Ǫ̵̹̻̝̳͂̌̌͘!͖̬̰̙̗̿̋ͥͥ̂ͣ̐́́͜͞",
    # case
    "İstanbul IĞDIR ıssız İİ i̇ I\u0307 ǅ ǈ ǋ ẞ ß ŉ ΐ ΰ ﬀ ϴ ℵ K Å",
    "ΟΔΥΣΣΕΥΣ Οδυσσεύς ΣΑΣ σας Σ ς ΑΣ ΑΣ. Άνθρωπος ᾳ ᾼ ῼ",
    "МОСКВА Москва Ёжик йод Їжак ЄВРО ґанок Ћирилица",
    "ԱՐԵՎ արեւ Ⴀ ა Ა Ꭰ ꭰ Ⓐ Ａ ａ 𝐀 𝔸 𐐀 𐐨 𞤀 Ⅷ ⅷ",
    # Chinese and the like
    "我们今天去北京大学学习机器学习。",
    "iPhone的电池很好，ABC公司在2024年发布了GPT-4！",
    "中文English混合text文本，標點「引號」『』【】《》、；：？！……——～",
    "繁體中文：學習 資訊 龍龜鬱",
    "㐀㐁䶵 豈更車 \u4dff\u9fff\ufaff 𠀀𠀁 𪛖 𪜀 𫜴 𫝀 \U0002b81d\U0002b820\U0002b8ff\U0002b920\U0002cea1\U0002ceb0 \U0002f800\U0002f804\U0002f9ff\U00030000",
    "中\u0301文\u302a \u302b\u302e 々〆〇〡㊀㍿㌀ ㄅㄆㄇ",
    "日本語のテキスト。カタカナ ひらがな がぎぐ ガギグ ゛ ゜ か\u3099 ｶﾞ ﾊﾟ ー 〜",
    "한국어 텍스트 각 각 값 ㄱㄴ 각 ᄒ 힣 각각각",
    # other scripts
    "שלום עולם שָׁלוֹם מַזָּל ךםןףץ",
    "السلام عليكم السَّلَامُ عَلَيْكُمْ لا ﷺ ﻻ ٠١٢ ۰۱۲ ـــ",
    "नमस्ते दुनिया क़ क्ष ज्ञ श्री हिन्दी ० १ २ । ॥",
    "বাংলা ক\u09cb ড় য় ౘ తెలుగు ಕನ್ನಡ മലയാളം \u0d4a தமிழ் \u0bca ସ \u0b5c ਪੰਜਾਬੀ ગુજરાતી සිංහල \u0ddd",
    "ภาษาไทย น้ำ เด็ก ລາວ ភាសាខ្មែរ မြန်မာ བོད་ཡིག \u0f43\u0f73\u0f75\u0f81 አማርኛ ᠮᠣᠩᠭᠣᠯ",
    "\u1b06\u1b35 \u1b44 ᬅ \u1baa \U0001109a \U000110ab \U0001d15e \U0001d15f\U0001d165\U0001d16d \U000114bb",
    "tiếng Việt: Nguyễn Phú Trọng, đường phố Hà Nội",
    "Ｆｕｌｌｗｉｄｔｈ　ｔｅｘｔ！？　１２３",
    # marks that stay, and their order
    "a\u302e\u0301 a\u0301\u302e a\u0301\u302e\u0323\u302fb .\u0301\u302e 中\u0301\u302e \u0301\u302e",
    "\u08d4\u0301\u0316 x\u08d4\u0323 \U0001e944\u0323 \u1dfb\u0316 \ua953\u0301 \U000111c0\u0316",
    # emoji, surrogate pairs, sequences
    "👍👍🏽 👨‍👩‍👧‍👦 🏳️‍🌈 🇩🇪🇨🇳 ❤️ ☺ ☺️ ✌🏿 1️⃣ ©️ ™ 🫠 🧠",
    "a😀b 😀c d😀 😀😀 x\U0001f9e0y",
    "\U00010000 \U0001d11e \U000e0041 \U000e0100 \U000f0000 \U0010fffd \U0010ffff",
    # control characters, unassigned and private ones
    "a\x00b\x01c\x7fd\x80e\x9ff\u00adg\u200bh\u200ci\u200dj\u2060k\ufeffl\ufffdm\ufff9n",
    "\ue000x\uf8ffy\u0378z\u05ffw\ufffe\uffff",
    "\u202aembed\u202c \u2066isolate\u2069 \u061c \u180e \u070f \U000110bd \U000e0001tag\U000e007f",
    # punctuation old and new
    "¡¿§¶·¢£¤¥¦¨©ª«¬®¯°±²³´µ¸¹º»¼½¾×÷ ‰‱′″‴‼⁂⁇⁽⁾₍₎ ⟨⟩⟪⟫⸮⸺⸻ \u2e40\u2e43\u2e5d \u09fd \u166d \U000111c9 \U0001eff0 〈〉 ≮≠≯ \u1fef \u1ffd",
    "−‐‑‒–—― ・‧･ 。．，、 ：；！？ ﹐﹑﹒ ﹏＿ ‿⁀ _",
    # long words: the limit is 100 characters
    *["a" * n for n in (99, 100, 101, 200)],
    *["中" * 120, "é" * 100, "é" * 101, "e\u0301" * 100, "😀" * 100, "😀" * 101],
    *["a" * 100 + "\x00", "a" * 100 + "\u0301", "a" * 100 + ".", "-" * 120, "각" * 34, "가" * 50],
    "supercalifragilisticexpialidocious pneumonoultramicroscopicsilicovolcanoconiosis",
    "x" * 50 + "中" + "y" * 50 + "é" + "z" * 50,
    # real text
    "BERT is designed to pre-train deep bidirectional representations from unlabeled text by jointly conditioning on both left and right context in all layers.",
    "In 2019, Ms. Müller-Lüdenscheidt (42) moved from Köln to München; her e-mail: h.mueller@example.de.",
    "El niño comió piñas en la montaña; ¿qué más? ¡Nada!",
    "Le cœur déçu mais l'âme plutôt naïve, Louÿs rêva de crapaüter en canoë au delà des îles.",
    "Příliš žluťoučký kůň úpěl ďábelské ódy. Zażółć gęślą jaźń. Árvíztűrő tükörfúrógép.",
    "Съешь же ещё этих мягких французских булок да выпей чаю.",
    "Ξεσκεπάζω την ψυχοφθόρα βδελυγμία.",
    "中华人民共和国国家卫生健康委员会发布了《关于进一步做好……的通知》（国卫发〔2020〕3号）。",
]

PAIRS = [
    ("Where does he live?", "He lives in Köln."),
    ("", ""),
    ("a", ""),
    ("", "b"),
    ("我住在北京。", "你呢？"),
    ("a b c d e f g h i j k l m n o p", "q r s t u v w x y z"),
    ("q r s t u v w x y z", "a b c d e f g h i j k l m n o p"),
    ("one two three four five six", "one two three four five six"),
    ("transformerization transformerization transformerization", "a b c d e f g h i j"),
    ("[MASK] a [MASK] b [MASK]", "[MASK] [MASK] [SEP] c"),
    ("é" * 30 + " naïve", "😀 " * 10),
]


def random_texts(seed, n):
    """Texts of characters from everywhere, near each other and mixed."""
    draw = random.Random(seed)
    blocks = [
        (0x20, 0x7F), (0x20, 0x7F), (0x20, 0x7F), (0x00, 0x20), (0x80, 0x250), (0x250, 0x370), (0x300, 0x370),
        (0x370, 0x530), (0x530, 0x900), (0x900, 0xE80), (0xE80, 0x1200), (0x1200, 0x1E00), (0x1E00, 0x2000),
        (0x2000, 0x2070), (0x2070, 0x2E80), (0x2E80, 0x3400), (0x4E00, 0xA000), (0xA000, 0xAC00), (0xAC00, 0xD7B0),
        (0xF900, 0xFB50), (0xFB50, 0x10000), (0x10000, 0x11800), (0x1D100, 0x1D200), (0x1F300, 0x1FB00),
        (0x2B800, 0x2B940), (0x2F800, 0x2FA20),
    ]  # fmt: skip
    for _ in range(n):
        text = ""
        for _ in range(draw.randint(1, 6)):
            first, end = draw.choice(blocks)
            text += "".join(chr(draw.randrange(first, end)) for _ in range(draw.randint(1, 5)))
            text += draw.choice(["", " ", "", "[MASK]"]) if draw.random() < 0.4 else ""
        yield text


def bert(vocab, lower, strip_accents=None, chinese=True):
    t = Tokenizer(WordPiece.from_file(str(vocab), unk_token="[UNK]"))
    t.normalizer = normalizers.BertNormalizer(True, chinese, strip_accents, lower)
    t.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    t.decoder = decoders.WordPiece()
    t.add_special_tokens([AddedToken(token, special=True) for token in SPECIAL])
    t.post_processor = processors.TemplateProcessing(
        single="[CLS]:0 $A:0 [SEP]:0",
        pair="[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1",
        special_tokens=[(token, t.token_to_id(token)) for token in ("[CLS]", "[SEP]")],
    )
    return t


def row(t, text, pair=None, max_tokens=0, template=True, specials=True):
    t.encode_special_tokens = not specials
    if max_tokens:
        t.enable_truncation(max_tokens)
    else:
        t.no_truncation()
    e = t.encode(text, pair, add_special_tokens=template)
    r = {"text": text}
    if pair is not None:
        r["pair"] = pair
    if max_tokens:
        r["max_tokens"] = max_tokens
        r["truncated"] = bool(e.overflowing)
    if not template:
        r["no_template"] = True
    if not specials:
        r["no_specials"] = True
    r["ids"], r["types"] = e.ids, e.type_ids
    r["words"] = [-1 if word is None else word for word in e.word_ids]
    r["offsets"] = [place for span in e.offsets for place in span]
    r["decoded"] = t.decode(e.ids, skip_special_tokens=False)
    r["plain"] = t.decode(e.ids, skip_special_tokens=True)
    return r


def rows(t, seed):
    for text in [*TEXTS, *random_texts(seed, 60)]:
        yield row(t, text)
    for text in TEXTS:
        if "[" in text:
            yield row(t, text, specials=False)
        if 40 < len(text) < 200:
            yield row(t, text, max_tokens=12, template=len(text) % 2 == 0)
    for a, b in PAIRS:
        yield row(t, a, b)
        for max_tokens in (3, 4, 8, 9, 16, 17, 20):
            yield row(t, a, b, max_tokens)
        yield row(t, a, b, 9, template=False, specials=False)


def write(name, all_rows):
    with open(GOLDEN / f"{name}.jsonl", "w", encoding="utf-8", newline="\n") as f:
        for r in all_rows:
            f.write(json.dumps(r, ensure_ascii=False, separators=(",", ":")) + "\n")


def reduce(vocab, tokenizer, to):
    """The vocabulary without the pieces that no text here has, but with all of one letter."""
    tokens = vocab.read_text(encoding="utf-8").split("\n")[:-1]
    used = {i for r in rows(tokenizer, 0) for i in r["ids"]}
    kept = [t for i, t in enumerate(tokens) if i in used or t in SPECIAL or len(t.removeprefix("##")) == 1 and ord(t[-1]) < 0x250]
    to.write_text("".join(t + "\n" for t in kept), encoding="utf-8")


# The models' own vocabularies. transformers must agree with the tokenizer
# that is put together here.
for name, lower in (("en", True), ("zh", True)):
    t = bert(MODELS / name / "vocab.txt", lower)
    reference = transformers.BertTokenizer(str(MODELS / name / "vocab.txt"), do_lower_case=lower)
    for text in TEXTS:
        ids = t.encode(text).ids
        assert reference(text)["input_ids"] == ids
        assert reference.decode(ids) == t.decode(ids, skip_special_tokens=False)
    write(name, rows(t, 1))

# As bert-base-chinese is: Han characters apart, case kept.
write("zh-cased", rows(bert(MODELS / "zh" / "vocab.txt", False), 2))

for name, kind in (("cased", "bert-base-cased"), ("multilingual", "bert-base-multilingual-cased")):
    if FULL:
        full = FULL / kind / "vocab.txt"
        reduce(full, bert(full, False), HERE / f"{name}-reduced.txt")
        write(name, rows(bert(full, False), 3))
    write(f"{name}-reduced", rows(bert(HERE / f"{name}-reduced.txt", False), 4))

# The settings that come apart: accents without case, and case without accents.
vocab = HERE / "multilingual-reduced.txt"
write("strip-accents", rows(bert(vocab, lower=False, strip_accents=True), 5))
write("keep-accents", rows(bert(vocab, lower=True, strip_accents=False), 6))
write("no-chinese", rows(bert(vocab, lower=True, chinese=False), 7))


def saved(name, vocab, unk, prefix, max_chars, normalizer, pre_tokenizer, post_processor, added):
    """A tokenizer read back from the tokenizer.json that it is saved to."""
    t = Tokenizer(WordPiece({token: i for i, token in enumerate(vocab)}, unk_token=unk, continuing_subword_prefix=prefix, max_input_chars_per_word=max_chars))
    t.normalizer, t.pre_tokenizer, t.post_processor = normalizer, pre_tokenizer, post_processor
    t.decoder = decoders.WordPiece(prefix=prefix)
    for token in added:
        t.add_tokens([token])
    directory = HERE / "tokenizers" / name
    directory.mkdir(parents=True, exist_ok=True)
    t.save(str(directory / "tokenizer.json"))
    return Tokenizer.from_file(str(directory / "tokenizer.json"))


LETTERS = [prefix + c for prefix in ("", "##") for c in "abcdefghijklmnopqrstuvwxyz0123456789"]
WORDS = ["the", "##ing", "new", "york", "new york", "foo", "bar", "café", "cafe", "Foo", "中", "国", "é", "##é", ".", ",", "!", "(", ")", "[", "]", "'", "_", "+", "=", "++", "+=", "a+", "##+", "##.", "[MASK]x", "##ing]"]

ADDED_TEXTS = [
    "",
    "foo Foo FOO fo\u00f3 foobar barfoo foo-bar _foo foo_ foo1 中foo国 foo",
    "New York new york NEW  YORK newyork New Yorks",
    "a <l> b  <l>  c<l>d \t<l>",
    "a <r> b  <r>  c<r>d <r>\t",
    "a <b> b  <b>  c<b>d <b><b>  <b>",
    "<w> a<w> <w>a a <w> b.<w>. _<w> <w>1 é<w> <w>",
    "ab abc abcd abcde xabcx [ABC] [abc]",
    "the [MASK] is [SEP] x[CLS] [PAD]y [UNK]",
    "Caf\u00e9 CAFE\u0301 cafe caf\u00e9s",
    "中国 北京中国人 中 国",
    "<extra> <EXTRA> <extra>s",
    "the+bar ++ a+=b +=+ foo.bar foo!bar",
    "##ing the##ing [MASK]x [MASK]",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "İ I\u0307 \u00ad<l>\u00ad <w>\u0301 \u0301<w>",
]

names = {token: AddedToken(token, special=True) for token in SPECIAL}
template = lambda ids: processors.TemplateProcessing(  # noqa: E731
    single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[(t, ids.index(t)) for t in ("[CLS]", "[SEP]")]
)
vocab = [*SPECIAL, *LETTERS, *WORDS]
ADDED = [
    *names.values(),
    AddedToken("new york"),  # normalized: found in any case
    AddedToken("Foo", single_word=True),
    AddedToken("<l>", lstrip=True, normalized=False),
    AddedToken("<r>", rstrip=True, normalized=False),
    AddedToken("<b>", lstrip=True, rstrip=True, special=True),
    AddedToken("<w>", single_word=True, normalized=False),
    AddedToken("abc"),
    AddedToken("abcd"),
    AddedToken("[ABC]", normalized=False),
    AddedToken("CAFÉ"),
    AddedToken("中国"),
    AddedToken("<extra>", special=True, normalized=True),
]
tokenizers_by_name = {
    "added": saved("added", vocab, "[UNK]", "##", 100, normalizers.BertNormalizer(), pre_tokenizers.BertPreTokenizer(), template(vocab), ADDED),
    "added-cased": saved("added-cased", vocab, "[UNK]", "##", 100, normalizers.BertNormalizer(lowercase=False), pre_tokenizers.Whitespace(), template(vocab), ADDED),
    # another prefix, limit and unknown token, BertProcessing
    "whitespace": saved(
        "whitespace",
        ["<pad>", "<unk>", "<s>", "</s>", "<mask>", *(t.replace("##", "@@") for t in LETTERS), *WORDS],
        "<unk>", "@@", 20, normalizers.BertNormalizer(strip_accents=False), pre_tokenizers.Whitespace(),
        processors.BertProcessing(("</s>", 3), ("<s>", 2)),
        [AddedToken(t, special=True) for t in ("<pad>", "<unk>", "<s>", "</s>", "<mask>")],
    ),
    # no normalizer, and a template of a token more
    "whitespace-split": saved(
        "whitespace-split", vocab, "[UNK]", "##", 100, None, pre_tokenizers.WhitespaceSplit(),
        processors.TemplateProcessing(
            single="[CLS] [MASK]:1 $A:1 [SEP]", pair="$A:1 [SEP] $B:1 [CLS]",
            special_tokens=[("[CLS]", 2), ("[SEP]", 3), ("[MASK]", 4)],
        ),
        names.values(),
    ),
}  # fmt: skip


def added_rows(t, without_specials):
    for text in [*ADDED_TEXTS, *TEXTS]:
        yield row(t, text)
    for text in ADDED_TEXTS:
        if without_specials:
            yield row(t, text, specials=False, template=False)
        yield row(t, text, text, max_tokens=15)


for name, t in tokenizers_by_name.items():
    # Where punctuation is not split off, tokenizers finds [MASK] in the
    # vocabulary even if it is not to be found. Cloze never does.
    write(name, added_rows(t, without_specials=name != "whitespace-split"))
