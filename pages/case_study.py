"""Case study: a tweet and its picture go in; caption, thoughts, variants and both predictions come out."""

import streamlit as st

from app import charts, inert, marks, navigation, pair, people, problems, resources, sidebar, stages
from app.terms import VIEWS
from core.comparison import answer_changes
from core.domain import GRAINS, Augmentation, Choice, Prediction, Sample, Task, View
from core.review import decide
from core.review.editing import pair_of, spans_of
from core.store import Case
from core.stored import summary_read
from core.study import VARIANTS, Stage, StageName, Study, keep_picture, stages_of

POLL = 0.3  # seconds between two looks at a running study: about the pace of reading

UNCHANGED: dict[Task, str] = {"mner": "no mention", "mre": "no relation"}

TASKS: dict[Task, str] = {"mner": "Named entities (MNER)", "mre": "Relations (MRE)"}


def open_case() -> Case | None:
    """The case that the URL names; its tweet and picture go into the form when it is opened."""
    recall_case()
    case_id = st.query_params.get("case")
    case = resources.store().case(case_id) if case_id else None
    if case_id and case is None:
        problems.show(f"there is no case {case_id!r} in this workspace: the link is of another one, or cut short")
    if case and (st.session_state.get("opened") != case.sample.id or "tweet" not in st.session_state):
        st.session_state.update(
            opened=case.sample.id,
            tweet=case.sample.text,
            picture=case.sample.image,
            task=case.sample.task,
            decision_problem="",
        )
        pair.take(case.sample)
        empty_uploader()
    return case


def recall_case() -> None:
    """Who looked at another page finds the case that the form still holds, unless a link names another."""
    last = st.session_state.get("opened")
    if not last or "case" in st.query_params or "demo" in st.session_state:
        return
    if resources.store().case(last) and is_of_form(last):
        st.query_params["case"] = last


def take_demo() -> None:
    """Fill the form with a demo sample."""
    title = st.session_state.demo
    for demo, sample in resources.demo_samples():
        if demo.title == title:
            # The choice is let go of: who edits the tweet, and picks it again, gets it again.
            st.session_state.update(tweet=sample.text, picture=sample.image, task=sample.task, demo=None)
            pair.take(sample)
            empty_uploader()


def take_upload() -> None:
    """Decode an uploaded picture and keep it; one that can't be used leaves the picture as it was.

    No callback of the uploader: another press cuts such a one short, and its picture would never come.
    """
    taken: tuple[str, str | None] | None = st.session_state.get("taken")
    if upload_key() not in st.session_state:  # the page has just been opened
        st.session_state.taken = None
        return
    file = st.session_state[upload_key()]
    if file and (taken is None or taken[0] != file.file_id):
        name = None
        with problems.noted("upload_problem"):
            name = keep_picture(resources.store(), file.getvalue(), file.name, by=people.current())
            st.session_state.picture = name
        st.session_state.taken = (file.file_id, name)
    elif taken and not file:  # somebody took it off the uploader
        if taken[1] == st.session_state.get("picture"):
            st.session_state.picture = None
        st.session_state.update(taken=None, upload_problem="")


def remove_picture() -> None:
    """Take the picture off the form, and the file off the uploader."""
    st.session_state.picture = None
    empty_uploader()


def empty_uploader() -> None:
    """Take the file off the uploader, with what was wrong with it: the form's picture is another now."""
    st.session_state.update(upload_problem="", taken=None, uploads=st.session_state.get("uploads", 0) + 1)


def upload_key() -> str:
    """The uploader's key; a new one makes it empty again."""
    return f"upload_{st.session_state.get('uploads', 0)}"


def is_in_form(sample: Sample) -> bool:
    """Whether the form still holds a known sample, so that its gold labels may be shown."""
    text, task = st.session_state.get("tweet") or "", st.session_state.task
    if (sample.text.strip(), sample.image, sample.task) != (text.strip(), st.session_state.get("picture"), task):
        return False
    made = pair.of_tweet() if task == "mre" else None
    return made is None or (made.tokens, {*made.spans}) == (sample.tokens, {*spans_of(sample)})


def is_of_form(case_id: str) -> bool:
    """Whether the tweet and the picture in the form are those of a case."""
    case = resources.store().case(case_id)
    return case is None or is_in_form(case.sample)


def form_sample(case: Case | None) -> Sample:
    """The sample in the form: a known one with its gold labels where it is one."""
    known = [sample for _, sample in resources.demo_samples()] + ([case.sample] if case else [])
    for sample in known:
        if is_in_form(sample) and (sample.task == "mner" or sample.relation):
            return sample
    image = st.session_state.get("picture")
    if st.session_state.task == "mner":
        return Sample.from_text(st.session_state.tweet or "", image=image)
    made = pair.of_tweet()
    return Sample(task="mre", text=made.text, tokens=made.tokens, image=image, relation=pair_of(made.spans))


def show_form(case: Case | None) -> None:
    """Tweet, picture and task; the button starts the study and puts the case into the URL."""
    take_upload()
    left, right = st.columns([3, 2])
    with left:
        titles = [demo.title for demo, _ in resources.demo_samples()]
        st.selectbox(
            "Demo sample",
            titles,
            index=None,
            key="demo",
            on_change=take_demo,
            placeholder="Pick one, or write your own",
        )
        st.text_area("Tweet", key="tweet", height=110, placeholder="What the tweet says", persist_state="session")
        st.segmented_control(
            "Task", list(TASKS), format_func=TASKS.__getitem__, key="task", required=True, persist_state="session"
        )
        if st.session_state.task == "mre":
            with problems.shown():
                pair.show()
    with right:
        st.file_uploader(
            "Picture",
            ["jpg", "jpeg", "png", "webp", "gif", "bmp", "tif", "tiff"],
            key=upload_key(),
            disabled=not person.may("study tweets"),
        )
        problems.show_noted("upload_problem")
        show_picture(st.session_state.get("picture"))
    if st.button(
        "Study this tweet",
        type="primary",
        shortcut="Ctrl+Enter",
        icon=":material/play_arrow:",
        disabled=not person.may("study tweets"),
        help=None if person.may("study tweets") else f"A {person.role} may only look",
    ):
        with problems.shown():
            start_study(case)


def start_study(case: Case | None) -> None:
    """Study what is in the form, and go to its case."""
    sample = form_sample(case)
    workbench = resources.workbench(chosen)
    current = resources.studies().get(sample.id)
    if current is None or not current.running or current.settings != chosen:
        study = Study(workbench, sample, workbench.picture(sample))
        study.start(by=person)
        resources.studies().put(study)
    st.session_state.update(opened=sample.id, decision_problem="", upload_problem="")
    st.query_params["case"] = sample.id


def stop_study(study: Study) -> None:
    """End a running study, if their role lets them."""
    st.session_state.decided = None
    with problems.noted("decision_problem"):
        study.stop(by=people.current())


def show_picture(name: str | None) -> None:
    """The picture in the form, and a way to take it off."""
    path = resources.store().image(name) if name else None
    if path is None:
        return
    demo = next((demo for demo, sample in resources.demo_samples() if sample.image == name), None)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.image(path, width=160, alt=demo.alt if demo else "The tweet's picture")
        with st.container(width="content"):
            if demo:
                inert.show(demo.credit, faint=True)
            st.button("Remove the picture", icon=":material/close:", type="tertiary", on_click=remove_picture)


def keep_decision(augmentation_id: str, choice: Choice, seen: dict[str, int | None]) -> None:
    """Keep a decision on what was `seen`; if that fails, the page says so and the button can be pressed again."""
    st.session_state.decided = augmentation_id
    with problems.noted("decision_problem"):
        decide(resources.store(), augmentation_id, choice, by=people.current(), adjudicates=None, seen=seen)


def show_decision(made: Augmentation) -> None:
    """Approve, reject, or take either back; with who decided and when.

    Where several must agree, or none sees another's vote before their own, it is this person's own decision alone.
    """
    if st.session_state.get("decided") == made.id:
        problems.show_noted("decision_problem")
    queue = resources.store().queue
    rules, seen = queue.rules(), queue.latest([made.id])
    own_alone = rules.blind or rules.votes > 1
    decision = queue.word(made.id, person.name.strip() if own_alone else None)
    if decision is None:
        for column, choice, label, icon in zip(
            st.columns(2), ("approved", "rejected"), ("Approve", "Reject"), ("thumb_up", "thumb_down"), strict=True
        ):
            column.button(
                label,
                key=f"{choice}_{made.id}",
                icon=f":material/{icon}:",
                width="stretch",
                on_click=keep_decision,
                args=(made.id, choice, seen),
                disabled=not person.may("decide on variants"),
            )
    else:
        when = decision.at.strftime("%Y-%m-%d %H:%M UTC")
        inert.show(f"{decision.choice.capitalize()} by {decision.reviewer}, {when}")
        is_theirs = decision.reviewer == person.name and person.may("decide on variants")
        st.button(
            "Undo",
            key=f"undo_{made.id}",
            icon=":material/undo:",
            on_click=keep_decision,
            args=(made.id, "withdrawn", seen),
            disabled=not (is_theirs or person.may("undo the decisions of others")),
        )
    desk = navigation.review()
    st.page_link(desk, label="Edit on the desk", icon=":material/edit:", query_params={"card": made.id})


def prediction(now: dict[StageName, Stage], view: View) -> Prediction | None:
    """What the student said in one view, once it has."""
    made = now.get(view, stages.ABSENT).record
    return made if isinstance(made, Prediction) else None


def show_predictions(case: Case, now: dict[StageName, Stage]) -> None:
    """Both views side by side, and what changed between them."""
    st.subheader("What the student finds")
    before, after = prediction(now, "without_knowledge"), prediction(now, "with_knowledge")
    changed = answer_changes(case.sample, before.answer, after.answer) if before and after else []
    for column, view in zip(st.columns(2), VIEWS, strict=True):
        with column:
            stages.show_prediction(view, now.get(view, stages.ABSENT), case.sample, changed)
    kinds = sorted({entity.type for made in (before, after) if made for entity in made.entities})
    if kinds:
        marks.show_legend(kinds)
    if before and after:
        sentences = [change.sentence for change in changed]
        unchanged = f"Knowledge changed {UNCHANGED[case.sample.task]}, only how sure it is."
        inert.show("\n".join(sentences) + "." if sentences else unchanged)
    if before and after and before.relations:
        st.plotly_chart(
            charts.relations(before.relations, after.relations),
            config=charts.HIDE_BAR,
            alt="How sure the student is of each relation, without and with knowledge",
        )
    if before and after and (before.entities or after.entities):
        st.plotly_chart(
            charts.confidences(case.sample, before.entities, after.entities),
            config=charts.HIDE_BAR,
            alt="How sure the student is of each mention, without and with knowledge",
        )
    if before or after:
        st.page_link(
            navigation.explain(),
            label="Explain these answers",
            icon=":material/psychology:",
            query_params={"case": case.sample.id},
        )
    if case.sample.entities is not None:
        with st.expander("Gold labels", icon=":material/verified:"):
            marks.show_tweet(case.sample, case.sample.entities)
    elif case.sample.relation and case.sample.relation.label:
        with st.expander("Gold relation", icon=":material/verified:"):
            marks.show_relation(case.sample, case.sample.relation.label)


def show_results(case_id: str) -> None:
    """Everything that has come so far; asked again and again while the study runs."""
    study = resources.studies().get(case_id)
    with problems.shown():
        case = resources.store().case(case_id)
        if case is None:
            return
        now = stages_of(case, study)
        if study and study.running:
            done = sum(stage.state not in ("waiting", "working") for stage in now.values())
            bar, stop = st.columns([5, 1], vertical_alignment="center")
            bar.progress(done / len(now), text="Stopping…" if study.stopping else f"{done} of {len(now)} stages done")
            if person.may("study tweets"):
                stop.button("Stop", icon=":material/stop:", on_click=stop_study, args=(study,), width="stretch")
        elif study and st.session_state.get("polling") == case_id:
            st.session_state.polling = None
            st.rerun()
        if not st.session_state.get("decided"):
            problems.show_noted("decision_problem")
        show_predictions(case, now)
        st.subheader("What it is told")
        stages.show_words("caption", now.get("caption", stages.ABSENT))
        told = [name for name in (*GRAINS, "mixed") if name in now]
        for column, name in zip(st.columns(len(told) or 1), told, strict=False):
            with column:
                stages.show_words(name, now[name])
        knowing = prediction(now, "with_knowledge")
        if knowing and (summary := summary_read(resources.store(), case_id, knowing.maker.model)):
            stages.show_summary(summary)
        st.subheader("New samples")
        made = [kind for kind in VARIANTS if kind in now]
        if not made:
            inert.show("None yet: study the tweet to have some made.", faint=True)
        for column, kind in zip(st.columns(len(made) or 1), made, strict=False):
            with column, st.container(border=True, height="stretch"):
                variant = stages.show_variant(kind, now[kind])
                if variant:
                    show_decision(variant)
        shown = {stage.record.id for stage in now.values() if stage.record}
        earlier = [each for each in case.augmentations if each.variant and each.id not in shown]
        if earlier:
            with st.expander(f"Made before ({len(earlier)})", icon=":material/history:"):
                for each in earlier:
                    with st.container(border=True):
                        stages.show_variant(each.kind, Stage(state="done", record=each))
                        show_decision(each)


person = people.current()
chosen = sidebar.chosen_settings()
st.session_state.setdefault("task", "mner")
st.title("Case study")
st.caption("What a teacher knows about a tweet and its picture, and what the small student finds with and without it.")
problems.forget("decision_problem")
with problems.shown(), st.container(border=True):
    show_form(open_case())
with problems.shown():
    if case_id := st.query_params.get("case"):
        running = resources.studies().get(case_id)
        is_running = running is not None and running.running
        if not is_of_form(case_id):
            inert.show("What follows is of the tweet studied before: press Study for the one above.", faint=True)
        if is_running:
            st.session_state.polling = case_id
        st.fragment(run_every=POLL if is_running else None)(show_results)(case_id)
