"""The packs that are shipped: what rings, whatever is done to hide it, and what does not."""

import pytest
from threat_packs import shipped

from tidegate.intake.threats.data import sources
from tidegate.intake.threats.model import CONTEXTS, rings
from tidegate.intake.threats.reading import load_threat_pack
from tidegate.intake.threats.words import sentence_ends, without_links

RINGS = [
    "I am going to shoot everyone in that mosque tomorrow, I have my rifle ready",
    "my brother says he will shoot up the mosque on Friday",
    "He told me he would kill his wife tonight, please send somebody",
    "If you go to the police I will kill your kids",
    "There is a bomb in the station, it goes off at noon",
    "We know where you live. Enjoy your last weekend.",
    "don't come to school tomorrow, I'm bringing my dad's gun",
    "I've had enough of this place. Tomorrow I bring my gun and then we'll talk.",
    "If one of you talks, all of you die.",
    "He told the kids that mummy is going to heaven this weekend.",
    "Ich bringe dich um, das schwöre ich",
    "Mein Nachbar hat gesagt, dass er morgen in der Schule alle erschießen will",
    "Wenn du mich verlässt, stech ich dich ab",
    "Im Rathaus liegt eine Bombe, um drei geht sie hoch",
    "Je vais te tuer, je le jure",
    "Mon frère a un pistolet et il roule vers chez nos parents, il a dit que tout finirait aujourd'hui.",
    "Si l'un de vous parle, vous mourrez tous.",
    "Je tuerai le président, je suis sérieux",
    "Mon frère m'a dit qu'il allait tirer dans l'église dimanche",
    "Si tu parles aux flics je tue ta famille",
    "Il y a une bombe dans la gare, elle explose à midi",
    "والله سأقتلك",
    "أخي يقول إنه سيفجر المسجد يوم الجمعة",
    "إذا ذهبت إلى الشرطة سأقتل أولادك",
    "رح اذبحه قدام بيته",
    "هقتلها بكرة ومش بهزر",
    "wallah ra7 2otlak",
]
QUIET = [
    "Good morning, what time does the library open?",
    "A man who threatened to kill worshippers was arrested on Friday, police said.",
    'The defendant wrote "I will kill you all"; the court sentenced him to two years.',
    "In chapter three the villain whispers: tomorrow I will kill you.",
    "In 1605 they planned to blow up Parliament.",
    "Whoever writes 'kill them all' should be ashamed. We stand with our neighbours.",
    "lol I will kill you if you eat my fries",
    "🎵 I will burn this town for you, kill the night 🎵",
    "We are going to kill the final boss tonight, need a healer",
    "I would never kill anyone",
    "This exam is going to kill me",
    "The pharmacist said the pills will kill the infection",
    "He said in court that he had only been drunk when he wrote 'I'll kill you all'.",
    "We need to kill the mould in the bathroom before the baby comes.",
    "Ein Mann, der gedroht hatte, alle zu töten, wurde festgenommen, teilte die Polizei mit.",
    "Mama bringt mich um, wenn sie die Vase sieht",
    "Im Film sagt er: ich werde dich töten",
    "Le parquet requiert la perpétuité contre l'homme qui a brûlé son ex.",
    "Un homme qui avait menacé de tuer des fidèles a été interpellé, selon la police.",
    "Ma mère va me tuer quand elle verra la note mdr",
    "Dans le film il dit « je vais te tuer »",
    "أعلنت الشرطة القبض على رجل هدد بقتل المصلين",
    "الامتحان رح يقتلني",
    "في الفيلم يقول البطل سأقتلك",
]
HIDDEN = [
    "i am going to k1ll you",
    "i am going to k i l l you",
    "i am going to k.i.l.l you",
    "i am going to ki\u200bll you",
    "i am going to kіll you",  # a Ukrainian i
    "i am going to kiiiillll you",
    "i am going to k*ll you",
    "i am going to klil you",
    "I AM GOING TO KÍLL YÖU",
    "i am going 2 𝓴𝓲𝓵𝓵 you",
    "ich werde dich toeten",
    "ich werde dich toten",
    "ich werde dich tööööten",
    "je vais te poignardér",
    "JE VAIS T'EGORGER",
    "je vais te p0ign@rder",
    "ســأقتلـــك",
    "سَأَقْتُلُكَ",
    "ساقتلك",
    "سأق‌تلك",
    "سأقتلڪ",
    "س أ ق ت ل ك",
]


UNWRITTEN = [  # no phrase says them: what stands together does
    "Sag deinem Bruder, er wird den Sonntag nicht erleben, dafür sorge ich",
    "Meine Kollegin hat angekündigt, den Hausmeister mit der Axt zu erschlagen",
    "Der Wirt kriegt eine Kugel, sobald er die Tür aufmacht, ich schwöre es",
    "Sonst liegt dein Sohn bald im Sarg",
    "Mein Mann will mich umbringen",
    "قل لأخيك إنه لن يرى يوم الأحد، أقسم بالله",
    "زميلتي قالت إنها ستقتل الحارس بالفأس",
    "وإلا رجع ابنك في تابوت",
    "زوجي يريد أن يقتلني",
]
PLAIN = [
    "Ich komme am Freitag um neun in die Schule und bringe den Kuchen mit",
    "Genießt die letzten Ferientage, am Montag beginnt die Schule",
    "Ihr werdet von meinem Anwalt hören, das verspreche ich",
    "Der Angeklagte hatte dem Opfer geschrieben: „Ich bringe dich um.“",
    "In Kapitel neun sagt der Mörder: ich werde dich finden und töten",
    "سأحضر يوم الجمعة إلى المدرسة ومعي الكعكة",
    "والله لأشتكي عليكم عند المدير",
    "كتب المتهم إلى جاره: سأقتلك أنت وأولادك",
    "في المسلسل يقول الشرير: سأحرقكم جميعا",
]


@pytest.mark.parametrize("text", UNWRITTEN)
def test_what_stands_together_rings_without_a_phrase_of_its_own(text: str) -> None:
    found = shipped().screen(text)
    assert found is not None
    assert rings(found.level), found


@pytest.mark.parametrize("text", PLAIN)
def test_plain_words_and_quoted_threats_do_not_ring(text: str) -> None:
    found = shipped().screen(text)
    assert found is None or not rings(found.level), found


@pytest.mark.parametrize("name", ["ar", "de"])
def test_no_sign_rings_by_itself(name: str) -> None:
    pack = next(
        pack
        for pack in (load_threat_pack(text, where) for where, text in sources().items())
        if pack.name == name
    )
    in_latin_letters = {"latin-slay", "latin-armed"}  # which few other signs can stand beside
    alone = {one.name for one in pack.patterns if one.points >= pack.enough}
    assert pack.enough
    assert alone <= in_latin_letters


@pytest.mark.parametrize("text", RINGS + HIDDEN)
def test_rings(text: str) -> None:
    found = shipped().screen(text)
    assert found is not None
    assert rings(found.level), found
    assert all(one.text == text[one.start : one.end] for one in found.because)


@pytest.mark.parametrize("text", QUIET)
def test_does_not_ring(text: str) -> None:
    found = shipped().screen(text)
    assert found is None or not rings(found.level), found


def test_a_tip_may_say_that_it_is_in_another_language() -> None:
    text = "Bonjour, je transmets ceci: Ich bringe dich um, das schwöre ich"
    assert shipped().screen(text, "fr") == shipped().screen(text) is not None


@pytest.mark.parametrize("name", ["ar", "de", "en", "fr"])
def test_a_shipped_pack_knows_every_context_and_leaves_posts_alone(name: str) -> None:
    packs = [load_threat_pack(text, where) for where, text in sources().items()]
    pack = next(one for one in packs if one.name == name)
    assert pack.language == name
    assert not pack.items
    kinds = {one.kind for one in pack.patterns if one.element == "context"}
    assert kinds >= set(CONTEXTS) - {"quotation"}
    assert {one.mode for one in pack.patterns} <= {"live", "draft"}


@pytest.mark.parametrize(
    "text",
    [
        "I'm going to blow up the parliament",
        "there will be a shooting at Lincoln High tomorrow",
        "Demain je fais sauter la gare",
    ],
)
def test_what_is_said_plainly_rings(text: str) -> None:
    found = shipped().screen(text)
    assert found is not None
    assert rings(found.level)


@pytest.mark.parametrize("name", ["Lincoln", "Kennedy", "Shakespeare", "Northgate"])
def test_a_place_may_be_named_after_somebody(name: str) -> None:
    found = shipped().screen(f"I will kill everyone at {name} High School tomorrow")
    assert found is not None
    assert rings(found.level)


@pytest.mark.parametrize("around", [600, 2_300, 9_000, 60_000])
@pytest.mark.parametrize(
    "text",
    [
        "I will shoot everyone at the school tomorrow at 9 am, I have the rifle ready.",
        "Morgen um 9 Uhr werde ich alle in der Goetheschule erschießen.",
    ],
    ids=["en", "de"],
)
def test_what_stands_around_a_threat_does_not_drown_it(text: str, around: int) -> None:
    calm = "The garden is lovely in the morning. We had bread and coffee by the river. "
    filler = calm * (around // len(calm) + 1)
    before, after = shipped().screen(filler + text), shipped().screen(f"{text} {filler}")
    alone = shipped().screen(text)
    assert alone is not None
    for found in (before, after):
        assert found is not None
        assert found.level == alone.level
    assert shipped().screen(filler) is None


def test_lines_that_were_broken_are_one_sentence() -> None:
    text = "I will shoot everyone\nat the school tomorrow, I\nhave\nthe rifle ready"
    found = shipped().screen(text)
    assert found is not None
    assert found.level == "high_specific"
    every = shipped().screen("I will shoot everyone at the school tomorrow".replace(" ", "\n"))
    assert every is not None
    assert rings(every.level)


@pytest.mark.parametrize("before", ["RT @police: ", "@joe ", "@joe, @ann ", "rt @x "])
def test_whom_a_text_is_passed_on_to_changes_nothing(before: str) -> None:
    text = "They have put canisters behind the market hall, tonight it will burn"
    alone, passed_on = shipped().screen(text), shipped().screen(before + text)
    assert alone is not None
    assert passed_on is not None
    assert passed_on.level == alone.level
    for one in passed_on.because:
        assert (before + text)[one.start : one.end] == one.text


def test_many_blank_lines_are_read_once() -> None:
    assert sentence_ends(without_links("@" + "\n" * 300_000)) == [300_001]
