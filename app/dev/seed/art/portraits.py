"""Faces for the demo's people: friendly, plain, nobody's in particular."""

from random import Random

from app.dev.seed.art.canvas import Canvas, darker, lighter

# From light to dark.
SKINS = ("#f3d2b8", "#eac4a0", "#d9a57c", "#b98058", "#8f5a3c", "#6a402c")
# The first four go with every skin.
HAIR = ("#2a2024", "#1f1b1e", "#3d2a20", "#241c20", "#5a3a24", "#8a5a34", "#b98a4a")
GROUNDS = ("#f6c9a0", "#a8d0c8", "#f3b0a0", "#bcc9ea", "#f2dc9a", "#c9dcb0", "#dcbcdc")
CLOTHES = ("#2f6f8f", "#c8563f", "#356a52", "#5a4a7a", "#d99a3a", "#3a4250", "#a8466a")
SIDE = 400


def portrait(random: Random, tone: int, style: str) -> str:
    """A square portrait as SVG: the skin's index in SKINS; short, long, bun, curls, bob, beard."""
    c = Canvas(SIDE, SIDE)
    ground = random.choice(GROUNDS)
    c.rect(0, 0, SIDE, SIDE, c.down(lighter(ground, 0.35), ground))
    c.circle(random.choice((110, 290)), 120, 150, "#ffffff", opacity=0.22)
    skin = SKINS[tone]
    hair = random.choice(HAIR[:4] if tone > 2 else HAIR)
    _behind(c, style, hair)
    _body(c, random, skin)
    c.ellipse(200, 178, 74, 88, c.across(lighter(skin, 0.07), skin, darker(skin, 0.06)))
    for x in (126, 274):
        c.ellipse(x, 184, 13, 20, darker(skin, 0.05))
    _face(c, random, skin, hair)
    _front(c, style, hair)
    if random.random() < 0.3:
        c.stroke(
            "M142 182a26 24 0 1 0 52 0a26 24 0 1 0 -52 0"
            "M206 182a26 24 0 1 0 52 0a26 24 0 1 0 -52 0M194 180h12",
            "#3a3a3c",
            4,
        )
    return c.svg()


def _behind(c: Canvas, style: str, hair: str) -> None:
    if style == "long":
        c.path("M112 170Q110 70 200 70T288 170L300 330Q200 360 100 330Z", hair)
    elif style == "bob":
        c.path("M108 180Q104 76 200 76T292 180V250Q270 268 250 250H150Q130 268 108 250Z", hair)
    elif style == "bun":
        c.circle(200, 66, 36, hair)
    elif style == "curls":
        for x, y in (
            (128, 130),
            (118, 176),
            (138, 98),
            (172, 80),
            (214, 76),
            (252, 92),
            (276, 128),
            (284, 174),
        ):
            c.circle(x, y, 36, hair)


def _body(c: Canvas, random: Random, skin: str) -> None:
    cloth = random.choice(CLOTHES)
    c.path(
        "M36 400Q40 300 140 286L200 310L260 286Q360 300 364 400Z",
        c.down(lighter(cloth, 0.1), cloth),
    )
    c.path("M166 236H234V290Q200 326 166 290Z", darker(skin, 0.1))
    c.path("M140 286Q200 352 260 286L248 280Q200 326 152 280Z", darker(cloth, 0.18))


def _face(c: Canvas, random: Random, skin: str, hair: str) -> None:
    for x in (168, 232):
        c.ellipse(x, 182, 6.5, 8, "#2a2226")
        c.circle(x + 2, 179, 2, "#ffffff")
        c.ellipse(x + (x - 200) * 0.42, 210, 16, 10, "#e0705a", opacity=0.2)
    lift = random.uniform(-2, 3)
    c.stroke(
        f"M154 {160 - lift:.0f}q14 -9 28 -1M218 {159 - lift:.0f}q14 -8 28 1", darker(hair, 0.1), 5
    )
    c.stroke("M199 190q-7 16 3 18", darker(skin, 0.22), 4)
    c.path("M172 220Q200 252 228 220Q200 230 172 220Z", "#ffffff")
    c.stroke("M170 219Q200 250 230 219", "#a8483f", 4)


def _front(c: Canvas, style: str, hair: str) -> None:
    if style == "beard":
        c.path(
            "M128 196Q132 272 200 276T272 196Q262 226 230 214Q200 206 170 214Q138 226 128 196Z",
            hair,
            opacity=0.92,
        )
        c.path("M172 222Q200 250 228 222Q200 232 172 222Z", "#ffffff")
    if style in ("short", "beard"):
        c.path(
            "M122 176Q112 76 204 78T280 172Q270 132 236 122Q180 134 146 124Q128 142 122 176Z", hair
        )
    elif style == "curls":
        for x, y in ((146, 116), (176, 104), (210, 102), (242, 112), (262, 134)):
            c.circle(x, y, 25, hair)
    else:
        c.path(
            "M120 186Q112 82 200 82T282 186Q272 134 214 110Q180 150 132 150Q122 164 120 186Z", hair
        )
