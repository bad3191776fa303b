import pytest
from PIL import Image

from adain_jax.files.streams import STREAM
from adain_jax.jobs.plan import Encoding, Job, Mixture, plan


@pytest.fixture
def folders(tmp_path):
    for name in ("c/a.jpg", "c/b.png", "s/x.png", "s/y.gif"):
        add(tmp_path / name)
    return tmp_path / "c", tmp_path / "s"


def add(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (3, 2)).save(path)


def names(planned):
    return [job.output.name for job in planned.jobs]


def test_one_picture(tmp_path):
    content, style = tmp_path / "a.jpg", tmp_path / "x.png"
    alone = Mixture(((style, 1.0),))
    for output, made in (
        (tmp_path / "out.png", tmp_path / "out.png"),
        (tmp_path, tmp_path / "a_stylized_x.jpg"),
        (tmp_path / "new", tmp_path / "new/a_stylized_x.jpg"),
    ):
        assert plan([content], [style], output).jobs == [Job(content, alone, made)]


def test_every_combination(folders, tmp_path):
    contents, styles = folders
    jobs = plan([contents], [styles], tmp_path / "out")
    assert names(jobs) == [
        "a_stylized_x.jpg",
        "a_stylized_y.jpg",
        "b_stylized_x.png",
        "b_stylized_y.png",
    ]
    twice = plan([contents / "a.jpg", contents], [styles], tmp_path / "out")
    assert twice == jobs


def test_a_folder_of_one_and_a_folder_with_a_dot(folders, tmp_path):
    contents, styles = folders
    (styles / "y.gif").unlink()
    one = plan([contents / "a.jpg"], [styles], tmp_path / "out.png")
    assert names(one) == ["out.png"]
    several = plan([contents], [styles], tmp_path / "results.v2")
    assert several.jobs[0].output == tmp_path / "results.v2/a_stylized_x.jpg"


def test_a_content_that_cannot_be_written_becomes_png(folders, tmp_path):
    assert names(plan([folders[1] / "y.gif"], [folders[1] / "x.png"], tmp_path)) == [
        "y_stylized_x.png"
    ]


@pytest.mark.parametrize(
    ("contents", "styles", "output", "message"),
    [
        (["c"], ["s"], "out.png", "for one picture, but there are 4"),
        (["c"], ["s"], "out.gif", "no name of a folder, but there are 4"),
        (["c"], ["s"], "out.jp2", "no name of a folder, but there are 4"),
        (["c"], ["s"], "out.mp4", "no name of a folder, but there are 4"),
        (["c/a.jpg"], ["s/x.png"], "out.gif", "cannot write"),
        (["c/a.jpg", "d/a.jpg"], ["s/x.png"], "out", "would both become"),
        (["c/a.jpg"], ["s/x.png"], "c/a.jpg", "would replace one of the files read"),
        (["c/a.jpg"], ["s/x.png"], "s/x.png", "would replace one of the files read"),
        (["empty"], ["s"], "out", "no image in"),
    ],
)
def test_what_cannot_be_planned(folders, tmp_path, contents, styles, output, message):
    (tmp_path / "empty").mkdir()
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        plan([tmp_path / c for c in contents], [tmp_path / s for s in styles], tmp_path / output)


def test_the_tree_is_kept(folders, tmp_path):
    add(tmp_path / "c/2024/may/a.jpg")
    planned = plan([tmp_path / "c"], [tmp_path / "s/x.png"], tmp_path / "out")
    assert [str(job.output.relative_to(tmp_path / "out")) for job in planned.jobs] == [
        "2024/may/a_stylized_x.jpg",
        "a_stylized_x.jpg",
        "b_stylized_x.png",
    ]
    within = plan([tmp_path / "c/2024"], [tmp_path / "s/x.png"], tmp_path / "out")
    assert within.jobs[0].output == tmp_path / "out/may/a_stylized_x.jpg"
    alone = plan(
        [tmp_path / "c/2024/may/a.jpg", tmp_path / "c/b.png"], [tmp_path / "s/x.png"], tmp_path
    )
    assert alone.jobs[0].output == tmp_path / "a_stylized_x.jpg"


def test_pictures_within_the_contents_are_none_of_them(folders, tmp_path):
    first = plan([tmp_path / "c"], [tmp_path / "s/x.png"], tmp_path / "c/out")
    for job in first.jobs:
        add(job.output)
    assert plan([tmp_path / "c"], [tmp_path / "s/x.png"], tmp_path / "c/out").jobs == first.jobs
    named = plan([tmp_path / "c/out"], [tmp_path / "s/x.png"], tmp_path / "other")
    assert len(named.jobs) == 2  # asked for by its name


def test_pictures_beside_the_contents_are_none_of_them(folders, tmp_path):
    """As `cd photos; adain-jax stylize . painting.jpg` makes them: it can be called again."""
    first = plan([tmp_path / "c"], [tmp_path / "s/x.png"], tmp_path / "c")
    for job in first.jobs:
        add(job.output)
    again = plan([tmp_path / "c"], [tmp_path / "s/x.png"], tmp_path / "c")
    assert again.jobs == first.jobs
    assert again.made == [job.output for job in first.jobs]
    other = plan([tmp_path / "c"], [tmp_path / "s/y.gif"], tmp_path / "c")
    assert names(other) == ["a_stylized_y.jpg", "b_stylized_y.png"]


def test_photographs_in_the_folder_of_the_pictures_are_contents(tmp_path):
    add(tmp_path / "c/2024/a.png")
    add(tmp_path / "s/x.png")
    planned = plan([tmp_path / "c"], [tmp_path / "s/x.png"], tmp_path / "c/2024")
    assert [job.output for job in planned.jobs] == [tmp_path / "c/2024/2024/a_stylized_x.png"]
    add(planned.jobs[0].output)
    again = plan([tmp_path / "c"], [tmp_path / "s/x.png"], tmp_path / "c/2024")
    assert again.jobs == planned.jobs
    made = tmp_path / "c/2024/2024"
    with pytest.raises(FileNotFoundError, match=r"no image in .* but pictures made before"):
        plan([made], [tmp_path / "s/x.png"], made)
    # They can have another style: the folder is given by its name, and nothing is written there.
    assert names(plan([made], [tmp_path / "s/x.png"], tmp_path)) == ["a_stylized_x_stylized_x.png"]


def test_a_folder_without_images_among_others(folders, tmp_path):
    (tmp_path / "empty").mkdir()
    planned = plan([tmp_path / "empty", tmp_path / "c"], [tmp_path / "s/x.png"], tmp_path / "out")
    assert planned.empty == [tmp_path / "empty"]
    assert names(planned) == ["a_stylized_x.jpg", "b_stylized_x.png"]


def test_other_files_that_are_read(folders, tmp_path):
    at = [tmp_path / "c/a.jpg"], [tmp_path / "s/x.png"], tmp_path / "mask.png"
    (tmp_path / "link.png").symlink_to(tmp_path / "mask.png")
    for name in ("mask.png", "link.png"):
        with pytest.raises(ValueError, match=r"mask\.png would replace one of the files read"):
            plan(*at, others=[tmp_path / name])
    assert plan(*at, others=[tmp_path / "c/b.png"]).jobs


def test_links_that_lead_to_themselves(folders, tmp_path):
    (ring := tmp_path / "ring.png").symlink_to("ring.png")
    assert plan([ring], [tmp_path / "s/x.png"], tmp_path / "out.png").jobs
    with pytest.raises(OSError, match="symbolic links"):
        plan([tmp_path / "c/a.jpg"], [tmp_path / "s/x.png"], ring)


def test_files_of_styles_in_folders(folders, tmp_path):
    (tmp_path / "s/monet.safetensors").touch()
    planned = plan([tmp_path / "c/a.jpg"], [tmp_path / "s"], tmp_path / "out")
    assert [job.output.name for job in planned.jobs] == [
        "a_stylized_monet.jpg",
        "a_stylized_x.jpg",
        "a_stylized_y.jpg",
    ]


def test_a_colon_may_belong_to_a_name(tmp_path):
    (tmp_path / "st:2").touch()
    assert Mixture.parse([f"{tmp_path}/st:2"]).parts == ((tmp_path / "st:2", 1.0),)
    strong = Mixture.parse([f"{tmp_path}/st:3"], regions=True)
    assert strong.parts == ((tmp_path / "st", 3.0),)


def test_the_only_style_has_no_share():
    """A weight of 0.5 is a strength with masks, but would be divided by itself without."""
    with pytest.raises(ValueError, match=r"a\.jpg:0\.5: the only style has no share: .* --alpha"):
        Mixture.parse(["a.jpg:0.5"])
    assert Mixture.parse(["a.jpg:1"]).parts[0][1] == 1


def test_pairs(folders, tmp_path):
    """By name, whatever the suffixes and the folders within."""
    for name in ("c/2024/y.jpg", "c/x.webp", "s/monet/a.jpg"):
        add(tmp_path / name)
    planned = plan([tmp_path / "c"], [tmp_path / "s"], tmp_path / "out", pairs=True)
    assert [(job.content.name, str(job.style), job.output.name) for job in planned.jobs] == [
        ("y.jpg", str(tmp_path / "s/y.gif"), "y_stylized_y.jpg"),
        ("a.jpg", str(tmp_path / "s/monet/a.jpg"), "a_stylized_a.jpg"),
        ("x.webp", str(tmp_path / "s/x.png"), "x_stylized_x.webp"),
    ]
    assert planned.alone == [tmp_path / "c/b.png"]
    assert planned.unused == []
    few = plan([tmp_path / "c/b.png"], [tmp_path / "s"], tmp_path / "out", pairs=True)
    assert not few.jobs
    assert few.alone == [tmp_path / "c/b.png"]
    assert [path.name for path in few.unused] == ["a.jpg", "x.png", "y.gif"]
    add(tmp_path / "s/a.png")
    with pytest.raises(ValueError, match=r"a\.png and .*a\.jpg have one name"):
        plan([tmp_path / "c"], [tmp_path / "s"], tmp_path / "out", pairs=True)


@pytest.mark.parametrize(
    ("encoding", "expected"),
    [
        (Encoding(suffix=".webp"), ["a_stylized_x.webp", "b_stylized_x.webp"]),
        (Encoding(depth=16), ["a_stylized_x.tif", "b_stylized_x.tif"]),
        (Encoding(quality=50), ["a_stylized_x.jpg", "b_stylized_x.png"]),
    ],
)
def test_formats(folders, tmp_path, encoding, expected):
    contents, styles = folders
    assert names(plan([contents], [styles / "x.png"], tmp_path, encoding=encoding)) == expected


@pytest.mark.parametrize(
    ("output", "encoding", "message"),
    [
        ("a.png", Encoding(suffix=".jpg"), r"a\.png is not called \.jpg"),
        ("a.png", Encoding(depth=16), r"a\.png with 16 bits"),
        ("out", Encoding(suffix=".png", depth=16), r"\.png with 16 bits"),
        ("-", Encoding(suffix=".png", depth=16), r"-\.png with 16 bits"),
    ],
)
def test_formats_that_do_not_fit(folders, tmp_path, output, encoding, message):
    output = STREAM if output == "-" else tmp_path / output
    content, style = folders[0] / "a.jpg", folders[1] / "x.png"
    with pytest.raises(ValueError, match=message):
        plan([content], [style], output, encoding=encoding)


def test_streams(folders, tmp_path):
    contents, styles = folders
    style = Mixture(((styles / "x.png", 1.0),))
    both = plan([STREAM], [styles / "x.png"], STREAM)
    assert both.jobs == [Job(STREAM, style, STREAM)]
    named = plan([STREAM], [styles], tmp_path / "out")
    assert names(named) == ["stdin_stylized_x.png", "stdin_stylized_y.png"]
    assert names(plan([contents / "a.jpg"], [STREAM], tmp_path)) == ["a_stylized_stdin.jpg"]
    for twice in (
        ([STREAM], [STREAM]),
        ([contents / "a.jpg"], Mixture(((STREAM, 1.0), (STREAM, 2.0)))),
        ([STREAM], Mixture(((STREAM, 1.0),))),
    ):
        with pytest.raises(ValueError, match="standard input, of which there is one"):
            plan(*twice, tmp_path)
    with pytest.raises(ValueError, match="one picture, but there are 2"):
        plan([contents], [styles / "x.png"], STREAM)
