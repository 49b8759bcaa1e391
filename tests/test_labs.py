"""Six gates for every exercise of every lab, played in one real kernel per lab with the answers that its source holds."""
import pytest
import runs

EXERCISES = [pytest.param(slug, n, id=f"{slug}-{n}") for slug in runs.labs()
             for n in sorted(runs.build.variants(runs.source(slug, "labs")))]


@pytest.mark.parametrize("slug, n", EXERCISES)
def test_as_shipped_it_is_not_attempted_and_the_solution_is_shut(slug, n):
    heard = runs.transcript(slug)[n]
    assert heard["shipped"][0]["outcome"] == "not attempted", heard["shipped"]
    assert "not attempted yet" in heard["shipped"][0]["text"]
    assert "one real attempt" in heard["locked"], "a solution must not open before an attempt"


@pytest.mark.parametrize("slug, n", EXERCISES)
def test_the_reference_passes_and_is_what_the_solution_shows(slug, n):
    heard = runs.transcript(slug)[n]
    assert heard["reference"][0]["outcome"] == "right", heard["reference"]
    shown = [line.strip() for line in heard["open"].splitlines()]
    code = runs.build.variants(runs.source(slug, "labs"))[n].reference
    assert all(line.strip() in shown for line in code.splitlines()), heard["open"]
    assert "Why: " in heard["open"]


@pytest.mark.parametrize("slug, n", EXERCISES)
def test_another_right_answer_passes(slug, n):
    heard = runs.transcript(slug)[n]["right"]
    assert heard and all(said["outcome"] == "right" for said in heard), heard


@pytest.mark.parametrize("slug, n", EXERCISES)
def test_each_wrong_answer_is_refused_with_its_own_sentence(slug, n):
    heard = runs.transcript(slug)[n]["wrong"]
    assert len(heard) >= 3
    for said in heard:
        assert said["outcome"] == "not yet" and said["error"] is None, said
        assert said["says"].lower() in said["text"].lower(), f"wanted {said['says']!r}, the check said: {said['text']}"
        assert said["sentence"].rstrip()[-1:] in ".?!", said["sentence"]
    sentences = [said["sentence"] for said in heard]
    assert len(set(sentences)) == len(sentences), f"two wrong answers got the same sentence: {sentences}"


@pytest.mark.parametrize("slug, n", EXERCISES)
def test_answers_that_do_nothing_or_are_of_another_kind_are_refused(slug, n):
    """None, the input as it came, an empty frame, text for a number, one part of two, and the Example's value (nothing-n)."""
    complaints = list(filter(None, map(runs.nothing.complaint, runs.transcript(slug)[n]["nothing"])))
    assert not complaints, "\n".join(complaints)


@pytest.mark.parametrize("slug, n", EXERCISES)
def test_an_exception_in_the_learners_code_is_shown(slug, n):
    for said in runs.transcript(slug)[n]["raises"]:
        assert said["outcome"] == "raised" and said["error"] is None, said
        assert "your code raised" in said["text"] and "input: " in said["text"], said["text"]
        assert said["says"] in said["text"], said["text"]
        assert said["text"].count("\n") <= 8, "a learner reads a few lines, not a traceback"


@pytest.mark.parametrize("slug, n", EXERCISES)
def test_hints_come_one_by_one(slug, n):
    first, second = runs.transcript(slug)[n]["hints"]
    assert first.startswith("Hint 1 of 2: ") and "Hint 2" not in first
    assert "Hint 2 of 2: " in second
