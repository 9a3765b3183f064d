"""Jobs: captions, thoughts and new samples of a whole corpus; started, watched, stopped and gone on with."""

import streamlit as st

from app import charts, inert, navigation, people, problems, resources, sidebar, stages
from app.terms import duration
from core.augmenting import Wish, read_quotas
from core.domain import AugmentationKind
from core.jobs import CorpusJob, Order, Product, forecast
from core.review import wording
from core.study import VARIANTS

POLL = 0.5  # seconds between two looks at a running job
REPORT = 2.0  # and between two looks at what came of it
FAILURES = 50
EXAMPLES = 3

PRODUCTS: dict[Product, str] = {"captions": "Captions", "thoughts": "Thoughts", "variants": "New samples"}


def choose_order() -> Order | None:
    """What is to be made, of which samples; kept while other pages are looked at."""
    corpora = resources.store().corpora()
    if not corpora:
        st.info("No corpus is in the workspace yet.")
        st.page_link(navigation.corpora(), label="Bring one in", icon=":material/import_export:")
        return None
    left, right = st.columns([3, 2])
    place = left.selectbox("Corpus", corpora, format_func="/".join, bind="query-params", key="corpus")
    product = left.segmented_control(
        "What to make",
        list(PRODUCTS),
        format_func=PRODUCTS.__getitem__,
        key="product",
        default="thoughts",
        required=True,
        persist_state="session",
    )
    limit = right.number_input(
        "Limit to the first", min_value=1, value=None, placeholder="all", key="limit", persist_state="session"
    )
    wish, concurrency, budget = None, None, None
    if product == "variants":
        kinds: list[AugmentationKind] = left.pills(
            "Kinds",
            VARIANTS,
            default=VARIANTS,
            selection_mode="multi",
            format_func=stages.TITLES.__getitem__,
            key="kinds",
            persist_state="session",
        )
        times = left.number_input(
            "Variants of each kind", min_value=1, max_value=50, value=1, key="times", persist_state="session"
        )
        seed = left.number_input("Seed", min_value=0, value=0, key="job_seed", persist_state="session")
        written = ""
        if "entity" in kinds:
            written = left.text_input(
                "At most, by type",
                placeholder="PER=200 LOC=50",
                key="quotas",
                help="Of so many mentions of a type another name is put in place; then of other types",
                persist_state="session",
            )
        with problems.shown():
            wish = Wish(tuple(kinds), int(times), int(seed), read_quotas(written.replace(",", " ").split()))
        if wish is None:
            return None
    if product != "captions":
        concurrency = right.number_input(
            "Requests at once",
            min_value=1,
            value=None,
            placeholder="as suits the teacher",
            key="concurrency",
            persist_state="session",
        )
        budget = right.number_input(
            "Budget, USD",
            min_value=0.0,
            value=None,
            placeholder="none",
            key="budget",
            help="Stop before it is exceeded",
            persist_state="session",
        )
    return Order(product, *place, limit=limit, wish=wish, concurrency=concurrency, budget=budget)


def show_coverage(order: Order) -> None:
    """How much of the corpus has what."""
    total, covered = resources.store().bulk.coverage(order.corpus, order.split)
    st.plotly_chart(
        charts.coverage(covered, total, dict(stages.TITLES.items())),
        config=charts.HIDE_BAR,
        alt=f"Of {total:,} samples: " + ", ".join(f"{number:,} with {what}" for what, number in covered.items()),
    )


def show_forecast(order: Order) -> None:
    """What is missing, and what it will take, when asked for: the teacher is loaded for that."""
    if order.product == "captions" or not st.button(
        "What will it take?",
        icon=":material/calculate:",
        type="tertiary",
        disabled=not person.may("run jobs"),
        help=None if person.may("run jobs") else f"A {person.role} may only look",
    ):
        return
    place = st.empty()
    with place.container():
        bar = st.progress(0.0, "Looking at what there is…")
        st.button("Stop looking", icon=":material/stop:", help="What the student labelled so far is kept.")

        def show(seen: int, to_see: int) -> None:
            bar.progress(seen / max(1, to_see), f"Looked at {seen:,} of {to_see:,} samples")

        foreseen, uncaptioned = forecast(resources.workbench(chosen), order, show, by=person)
    place.empty()
    money = "price unknown"
    if foreseen.cost is not None:
        most = f" (at most ${foreseen.most_cost:,.4f})" if foreseen.most_cost else ""
        money = f"${foreseen.cost:,.4f}{most}" if foreseen.cost else "free"
    inert.show(
        f"{foreseen.calls:,} to ask for; about {foreseen.prompt_tokens:,} tokens to read and "
        f"{foreseen.completion_tokens:,} to write, {foreseen.most_completion_tokens:,} at most: {money}."
    )
    show_uncaptioned(uncaptioned)


def show_uncaptioned(number: int) -> None:
    """How many pictures nothing is asked about, and what helps."""
    if number:
        inert.show(
            f"{number:,} samples have a picture but no caption: nothing is asked about it. "
            "Make the captions first, or set COTPD_TEACHER_SEES for a teacher that sees."
        )


def start(order: Order) -> None:
    """Carry an order out, unless another job is running."""
    with problems.noted("job_problem"):
        resources.jobs().start(CorpusJob(resources.workbench(chosen), order), by=people.current())


def stop(job: CorpusJob) -> None:
    """End a job, if their role lets them."""
    with problems.noted("job_problem"):
        job.stop(by=people.current())


def show_job() -> None:
    """How far the last job is, or what became of it."""
    problems.show_noted("job_problem")
    job = resources.jobs().last()
    if job is None:
        return
    now = job.standing()
    what = f"{PRODUCTS[job.order.product]} of {job.order.corpus}/{job.order.split}"
    with st.container(border=True):
        if job.running:
            show_progress(job, what)
        else:
            st.markdown("**Last job**")
            inert.show(
                f"{what}: {now.done:,} of {now.planned:,} done, {now.failed:,} failed, in {duration(now.seconds or 0)}."
            )
            if now.kept_before:
                inert.show(f"{now.kept_before:,} more were in the workspace before.", faint=True)
            if now.stopped:
                inert.show(f"Stopped: {now.stopped}. Start it again, and it goes on from there.")
            for reason, number in now.failures.items():
                inert.show(f"{number:,} failed: {reason}")
        show_uncaptioned(now.uncaptioned)
        if job.problem:
            problems.show(job.problem)
    if not job.running and st.session_state.pop("job_polling", False):
        st.rerun()


def show_progress(job: CorpusJob, what: str) -> None:
    """A running job."""
    now = job.standing()
    bar, end = st.columns([5, 1], vertical_alignment="center")
    pace = f" · {now.done / now.seconds:.1f}/s" if now.seconds > 1 and now.done else ""
    left = f" · {duration(now.seconds_left)} left" if now.seconds_left is not None else ""
    spent = f" · ${now.cost:,.4f}" if now.cost else ""
    if now.planned:
        share = now.done / now.planned
        state = f"{now.done:,} of {now.planned:,}{pace}{left}{spent} · {now.failed:,} failed"
    elif now.to_see:
        share, state = now.seen / now.to_see, f"looked at {now.seen:,} of {now.to_see:,} samples"
    else:
        share, state = 0.0, "looking…"
    bar.progress(
        share,
        text=f"{inert.label(what)}: {'stopping, ' if job.stopping else ''}{state}",
    )
    end.button(
        "Stop",
        icon=":material/stop:",
        on_click=stop,
        args=(job,),
        width="stretch",
        disabled=job.stopping or not person.may("run jobs"),
        help=None if person.may("run jobs") else f"A {person.role} may only look",
    )


def show_failures(order: Order) -> None:
    """What got no usable answer yet, and why; the same job asks for it again."""
    failed = resources.store().attempts.failures(order.corpus, order.split, limit=FAILURES)
    if not failed:
        return
    with st.expander(f"Without an answer so far ({len(failed)}{'+' if len(failed) == FAILURES else ''})"):
        st.caption("Start the job again to ask for these once more.")
        st.dataframe(
            [
                {
                    "when": attempt.at,
                    "prompt": inert.cell(attempt.prompt_version),
                    "why": attempt.failure,
                    "what the teacher or the endpoint said": inert.cell(attempt.problem or ""),
                    "attempts": attempt.number,
                }
                for attempt in failed
            ],
            hide_index=True,
        )


@problems.shown()  # a fragment that runs again alone is not within the page's
def show_variants(order: Order) -> None:
    """What the variants of the corpus came to, with examples of each reason; looked at again while a job runs."""
    outcomes = resources.store().bulk.outcomes(order.corpus, order.split, examples=EXAMPLES)
    if not outcomes:
        return
    st.subheader("New samples so far")
    said = (f"{each.kind}: {each.number:,} {each.dropped or 'kept'}" for each in outcomes)
    st.plotly_chart(charts.variants(outcomes), key="variants", config=charts.HIDE_BAR, alt="; ".join(said))
    for outcome in outcomes:
        reason = outcome.dropped or "kept"
        title = f"{stages.TITLES[outcome.kind]}: {reason} ({outcome.number:,})"
        with st.expander(title, key=f"{outcome.kind} {reason}"):
            for each in outcome.examples:
                inert.show(wording.in_a_line(each) or "(nothing came)")


person = people.current()
chosen = sidebar.chosen_settings()
st.title("Jobs")
st.caption(
    "What a teacher knows about a whole corpus. What is there is never asked for twice; stop and go on as you like."
)
with problems.shown():
    problems.forget("job_problem")
    wanted = choose_order()
    current = resources.jobs().last()
    is_running = current is not None and current.running
    if wanted:
        show_forecast(wanted)
        why_not = "A job is running" if is_running else f"A {person.role} may only look"
        may_start = not is_running and person.may("run jobs")
        st.button(
            "Start",
            type="primary",
            icon=":material/play_arrow:",
            on_click=start,
            args=(wanted,),
            disabled=not may_start or (wanted.wish is not None and not wanted.wish.kinds),
            help=None if may_start else why_not,
        )
    st.session_state.job_polling = is_running
    st.fragment(run_every=POLL if is_running else None)(show_job)()
    if wanted:
        show_coverage(wanted)
        show_failures(wanted)
        if wanted.product == "variants":
            st.fragment(run_every=REPORT if is_running else None)(show_variants)(wanted)
