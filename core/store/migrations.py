"""The shape of the database, as steps from nothing. A step that was released is never edited: add one below it.

Each record has the columns that questions are asked about, and `record`, the whole of it as JSON.
"""

from pathlib import Path

from sqlite_utils import Database, Migrations

from core.errors import StoreError


def m001_records(db: Database) -> None:
    """Samples, their places in corpora, when they were studied, and what models made of them."""
    made_by = """
        model TEXT NOT NULL,
        prompt_version TEXT,
        parameters TEXT NOT NULL,
        created TEXT NOT NULL,
        seconds REAL NOT NULL,
        prompt_tokens INTEGER,
        completion_tokens INTEGER,
        record TEXT NOT NULL
    """
    of_sample = "id TEXT PRIMARY KEY, sample_id TEXT NOT NULL REFERENCES samples(id)"
    db.executescript(f"""
        CREATE TABLE samples (
            id TEXT PRIMARY KEY, task TEXT NOT NULL, text TEXT NOT NULL, image TEXT, record TEXT NOT NULL
        );
        CREATE TABLE memberships (
            corpus TEXT NOT NULL,
            split TEXT NOT NULL,
            position INTEGER NOT NULL,
            sample_id TEXT NOT NULL REFERENCES samples(id),
            PRIMARY KEY (corpus, split, position)
        );
        CREATE TABLE studies (
            number INTEGER PRIMARY KEY, sample_id TEXT NOT NULL REFERENCES samples(id), at TEXT NOT NULL
        );
        CREATE TABLE captions ({of_sample}, {made_by});
        CREATE TABLE knowledge ({of_sample}, grain TEXT NOT NULL, {made_by});
        CREATE TABLE predictions ({of_sample}, "view" TEXT NOT NULL, {made_by});
        CREATE TABLE augmentations (
            id TEXT PRIMARY KEY,
            parent_id TEXT NOT NULL REFERENCES samples(id),
            variant_id TEXT REFERENCES samples(id),
            kind TEXT NOT NULL,
            dropped TEXT,
            {made_by}
        );
        CREATE INDEX studies_by_sample ON studies (sample_id);
        CREATE INDEX captions_by_sample ON captions (sample_id);
        CREATE INDEX knowledge_by_sample ON knowledge (sample_id);
        CREATE INDEX predictions_by_sample ON predictions (sample_id);
        CREATE INDEX augmentations_by_parent ON augmentations (parent_id);
    """)


def m002_decisions(db: Database) -> None:
    """What people decided: a history that nothing can change, whoever opens the file."""
    db.executescript("""
        CREATE TABLE decisions (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            id TEXT NOT NULL UNIQUE,
            augmentation_id TEXT NOT NULL REFERENCES augmentations(id),
            choice TEXT NOT NULL,
            reviewer TEXT NOT NULL,
            at TEXT NOT NULL,
            record TEXT NOT NULL
        );
        CREATE INDEX decisions_by_augmentation ON decisions (augmentation_id);
        CREATE TRIGGER decisions_are_not_changed BEFORE UPDATE ON decisions
            BEGIN SELECT RAISE(ABORT, 'decisions are append-only'); END;
        CREATE TRIGGER decisions_are_not_deleted BEFORE DELETE ON decisions
            BEGIN SELECT RAISE(ABORT, 'decisions are append-only'); END;
        CREATE TRIGGER decisions_are_not_replaced BEFORE INSERT ON decisions
            WHEN EXISTS (SELECT 1 FROM decisions WHERE id = NEW.id OR number = NEW.number)
            BEGIN SELECT RAISE(IGNORE); END;
    """)


def m003_attempts(db: Database) -> None:
    """What was sent to teachers, and what came back: append-only, and at most one usable answer to each ask."""
    db.executescript("""
        CREATE TABLE attempts (
            id TEXT PRIMARY KEY,
            "key" TEXT NOT NULL,
            "number" INTEGER NOT NULL,
            sample_id TEXT REFERENCES samples(id),
            model TEXT NOT NULL,
            prompt_version TEXT NOT NULL,
            failure TEXT,
            prompt_tokens INTEGER,
            completion_tokens INTEGER,
            cost REAL,
            at TEXT NOT NULL,
            record TEXT NOT NULL
        );
        CREATE INDEX attempts_by_key ON attempts ("key");
        CREATE INDEX attempts_by_sample ON attempts (sample_id);
        CREATE INDEX attempts_by_prompt ON attempts (prompt_version, model);
        CREATE UNIQUE INDEX attempts_have_one_answer ON attempts ("key") WHERE failure IS NULL;
        CREATE TRIGGER attempts_are_not_changed BEFORE UPDATE ON attempts
            BEGIN SELECT RAISE(ABORT, 'attempts are append-only'); END;
        CREATE TRIGGER attempts_are_not_deleted BEFORE DELETE ON attempts
            BEGIN SELECT RAISE(ABORT, 'attempts are append-only'); END;
    """)


def m004_review(db: Database) -> None:
    """The review desk: each reviewer's vote, and the queue of all variants with where each stands.

    Both tables only repeat what augmentations and decisions say, in a form that 100,000 of them are filtered in.
    Triggers keep them: so no writer can forget to, and a decision and its effect are one transaction.
    """
    db.executescript(Path(__file__).with_name("m004_review.sql").read_text(encoding="utf-8"))


def m005_explanations(db: Database) -> None:
    """What students answered when something was changed, and what people remarked: histories that only grow."""
    db.executescript("""
        CREATE TABLE counterfactuals (
            id TEXT PRIMARY KEY,
            case_id TEXT NOT NULL REFERENCES samples(id),
            parent_id TEXT REFERENCES counterfactuals(id),
            model TEXT NOT NULL,
            created TEXT NOT NULL,
            record TEXT NOT NULL
        );
        CREATE TABLE notes (
            id TEXT PRIMARY KEY,
            case_id TEXT NOT NULL REFERENCES samples(id),
            author TEXT NOT NULL,
            at TEXT NOT NULL,
            record TEXT NOT NULL
        );
        CREATE INDEX counterfactuals_by_case ON counterfactuals (case_id);
        CREATE INDEX notes_by_case ON notes (case_id);
    """)


def m006_withdrawals(db: Database) -> None:
    """A part of an act can be taken back, and by another than its reviewer: its votes are counted anew."""
    db.executescript("""
        DROP INDEX decisions_by_undone_act;
        CREATE INDEX decisions_by_undone_act ON decisions (undoes, augmentation_id) WHERE undoes IS NOT NULL;
        DROP VIEW standing;
        CREATE VIEW standing AS
            SELECT * FROM decisions AS own WHERE undoes IS NULL AND (
                act IS NULL OR NOT EXISTS (
                    SELECT 1 FROM decisions AS later
                    WHERE later.undoes = own.act AND later.augmentation_id = own.augmentation_id
                )
            );
        DROP TRIGGER decisions_are_counted;
        CREATE TRIGGER decisions_are_counted AFTER INSERT ON decisions
        BEGIN
            DELETE FROM votes WHERE augmentation_id = NEW.augmentation_id;
            INSERT INTO votes
                SELECT augmentation_id, reviewer, choice, max(number) FROM standing
                WHERE augmentation_id = NEW.augmentation_id GROUP BY reviewer;
            UPDATE queue SET (state, decided, votes, disputed, dropped) = (
                SELECT state, decided, votes, disputed, dropped FROM settled
                WHERE settled.augmentation_id = queue.augmentation_id
            ) WHERE augmentation_id = NEW.augmentation_id;
        END;
    """)


def m007_opinions(db: Database) -> None:
    """Students are asked about variants anew: what they found before does not say of which variant it is."""
    db.execute("UPDATE queue SET student = NULL, uncertainty = -1, changes = -1 WHERE student IS NOT NULL")


def m008_approved(db: Database) -> None:
    """A variant stands "approved", in the word of the decision that put it there."""
    db.executescript("""
        DROP VIEW settled;
        CREATE VIEW settled AS
            SELECT augmentation_id, votes, decided,
                -- An edit that was taken back waits for nobody.
                CASE WHEN model = 'by hand' THEN CASE WHEN latest IS NULL THEN 'taken back' END ELSE dropped END
                    AS dropped,
                choices > 1 AND final IS NULL AS disputed,
                coalesce(
                    (SELECT nullif(choice, 'withdrawn') FROM decisions WHERE number = decided), 'pending'
                ) AS state
            FROM (
                SELECT *, CASE
                    WHEN final IS NOT NULL THEN final
                    WHEN votes = 0 THEN latest
                    WHEN needed = 1 THEN latest_word
                    WHEN votes >= needed AND choices = 1 THEN newest_vote
                END AS decided
                FROM tallied
            );
        UPDATE queue SET state = 'approved' WHERE state = 'accepted';
        DELETE FROM tally WHERE state = 'accepted';
    """)


def m009_sizes(db: Database) -> None:
    """What samples have is counted from indexes, without reading their records."""
    db.executescript("""
        CREATE INDEX memberships_by_sample ON memberships (sample_id, corpus, split);
        CREATE INDEX samples_labelled ON samples (id)
            WHERE json_extract(record, '$.entities') IS NOT NULL
                OR json_extract(record, '$.relation.label') IS NOT NULL;
        CREATE INDEX samples_pictured ON samples (id) WHERE image IS NOT NULL;
        CREATE INDEX knowledge_thoughts ON knowledge (sample_id) WHERE grain <> 'summary';
        CREATE INDEX augmentations_kept ON augmentations (parent_id) WHERE dropped IS NULL;
    """)


def m010_last_words(db: Database) -> None:
    """A word that was withdrawn hides no other's; who settled a disagreement and spoke again has settled it no more."""
    db.executescript("""
        DROP VIEW tallied;
        CREATE VIEW tallied AS
            SELECT augmentation_id, model, dropped,
                coalesce((SELECT votes FROM rules ORDER BY number DESC LIMIT 1), 1) AS needed,
                (SELECT count(*) FROM counted WHERE augmentation_id = queue.augmentation_id) AS votes,
                (SELECT count(DISTINCT choice) FROM counted WHERE augmentation_id = queue.augmentation_id) AS choices,
                (SELECT max(decision) FROM counted WHERE augmentation_id = queue.augmentation_id) AS newest_vote,
                (SELECT max(number) FROM standing WHERE augmentation_id = queue.augmentation_id) AS latest,
                (SELECT max(number) FROM standing AS word WHERE augmentation_id = queue.augmentation_id
                    AND choice NOT IN ('skipped', 'withdrawn') AND NOT EXISTS (
                        SELECT 1 FROM standing AS later WHERE later.augmentation_id = word.augmentation_id
                            AND later.reviewer = word.reviewer AND later.number > word.number
                            AND later.choice = 'withdrawn'
                    )) AS latest_word,
                (SELECT max(number) FROM standing AS word WHERE augmentation_id = queue.augmentation_id
                    AND adjudicates AND NOT EXISTS (
                        SELECT 1 FROM standing AS later WHERE later.augmentation_id = word.augmentation_id
                            AND later.reviewer = word.reviewer AND later.number > word.number
                            AND later.choice <> 'skipped'
                    )) AS final
            FROM queue;
        DROP VIEW settled;
        CREATE VIEW settled AS
            SELECT augmentation_id, votes, decided,
                -- An edit that was taken back waits for nobody.
                CASE WHEN model = 'by hand' THEN CASE WHEN latest_word IS NULL THEN 'taken back' END ELSE dropped END
                    AS dropped,
                choices > 1 AND final IS NULL AS disputed,
                coalesce(
                    (SELECT nullif(choice, 'withdrawn') FROM decisions WHERE number = decided), 'pending'
                ) AS state
            FROM (
                SELECT *, CASE
                    WHEN final IS NOT NULL THEN final
                    WHEN votes = 0 THEN latest
                    WHEN needed = 1 THEN latest_word
                    WHEN votes >= needed AND choices = 1 THEN newest_vote
                END AS decided
                FROM tallied
            );
        UPDATE queue SET (state, decided, votes, disputed, dropped) = (
            SELECT state, decided, votes, disputed, dropped FROM settled
            WHERE settled.augmentation_id = queue.augmentation_id
        ) WHERE augmentation_id IN (SELECT augmentation_id FROM decisions);
    """)


def m011_pairs(db: Database) -> None:
    """Variants of pairs are asked about anew: a student of entities was, before there was one of relations.

    The project's own pairs are kept as demo/pairs: what somebody imported under that name gets another.
    """
    db.execute("UPDATE memberships SET split = 'pairs, imported' WHERE corpus = 'demo' AND split = 'pairs'")
    db.execute("""
        UPDATE queue SET student = NULL, uncertainty = -1, changes = -1
        WHERE student IS NOT NULL
            AND variant_id IN (SELECT id FROM samples WHERE json_extract(record, '$.task') = 'mre')
    """)


def m012_inheritance(db: Database) -> None:
    """Variants that have not all of their parent's thoughts are asked about anew: students were told all of them."""
    db.execute(
        "UPDATE queue SET student = NULL, uncertainty = -1, changes = -1 "
        "WHERE student IS NOT NULL AND kind IN ('entity', 'image')"
    )


STEPS = (
    m001_records,
    m002_decisions,
    m003_attempts,
    m004_review,
    m005_explanations,
    m006_withdrawals,
    m007_opinions,
    m008_approved,
    m009_sizes,
    m010_last_words,
    m011_pairs,
    m012_inheritance,
)

migrations = Migrations("workspace")
for step in STEPS:
    migrations()(step)


def migrate(db: Database, file: Path) -> None:
    """Bring the database in `file` up to date. The steps it lacks and the records of them are one transaction.

    Raises:
        StoreError: a newer version of this project has been at work on it.
    """
    known = {step.__name__ for step in STEPS}
    applied = {migration.name for migration in migrations.applied(db)}
    if applied - known:
        raise StoreError(
            f"the database {file} was made by a newer version ({max(applied - known)}); update the project"
        )
    if known - applied:
        db.execute("BEGIN IMMEDIATE")  # two processes may open a new workspace at once: the second finds it done
        with db.conn:
            migrations.apply(db)
