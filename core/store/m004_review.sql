-- The review desk's tables, views and triggers; m004_review in migrations.py says what they are for.

ALTER TABLE decisions ADD COLUMN act TEXT;
ALTER TABLE decisions ADD COLUMN undoes TEXT;
ALTER TABLE decisions ADD COLUMN adjudicates INTEGER NOT NULL DEFAULT 0;
CREATE INDEX decisions_by_act ON decisions (act);
CREATE INDEX decisions_by_undone_act ON decisions (undoes) WHERE undoes IS NOT NULL;
CREATE INDEX decisions_by_reviewer ON decisions (reviewer, number);
CREATE INDEX augmentations_by_variant ON augmentations (variant_id);

-- What holds in this workspace; the latest counts.
CREATE TABLE rules (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    votes INTEGER NOT NULL,
    blind INTEGER NOT NULL,
    reviewer TEXT NOT NULL,
    at TEXT NOT NULL
);
-- Each reviewer's latest word on a variant that stands.
CREATE TABLE votes (
    augmentation_id TEXT NOT NULL,
    reviewer TEXT NOT NULL,
    choice TEXT NOT NULL,
    decision INTEGER NOT NULL,
    PRIMARY KEY (augmentation_id, reviewer)
) WITHOUT ROWID;
CREATE INDEX votes_by_reviewer ON votes (reviewer, choice);
-- All variants with what they are filtered and ordered by; uncertainty and changes are -1 until a student was asked.
CREATE TABLE queue (
    number INTEGER PRIMARY KEY,
    augmentation_id TEXT NOT NULL UNIQUE REFERENCES augmentations(id),
    variant_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    model TEXT NOT NULL,
    dropped TEXT,
    margin REAL,
    text TEXT NOT NULL,
    label TEXT,
    shuffle INTEGER NOT NULL,
    state TEXT NOT NULL DEFAULT 'pending',
    decided INTEGER,
    votes INTEGER NOT NULL DEFAULT 0,
    disputed INTEGER NOT NULL DEFAULT 0,
    student TEXT,
    uncertainty REAL NOT NULL DEFAULT -1,
    changes INTEGER NOT NULL DEFAULT -1
);
CREATE TABLE queue_types (
    type TEXT NOT NULL, number INTEGER NOT NULL REFERENCES queue(number), PRIMARY KEY (type, number)
) WITHOUT ROWID;
-- How many variants stand where, so that nobody counts 100,000 rows for each card.
CREATE TABLE tally (
    state TEXT NOT NULL, is_dropped INTEGER NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (state, is_dropped)
) WITHOUT ROWID;

-- What the queue holds of each variant, and of its entity types.
CREATE VIEW entering AS
    SELECT augmentations.id AS augmentation_id, variant_id, kind, model, dropped,
        json_extract(augmentations.record, '$.verdict.margin') AS margin,
        samples.text,
        json_extract(samples.record, '$.relation.label') AS label,
        -- The first 28 bits of the id, which is a hash: an order by chance that is the same on every machine.
        (instr('123456789abcdef', substr(augmentations.id, 1, 1)) << 0)
            + (instr('123456789abcdef', substr(augmentations.id, 2, 1)) << 4)
            + (instr('123456789abcdef', substr(augmentations.id, 3, 1)) << 8)
            + (instr('123456789abcdef', substr(augmentations.id, 4, 1)) << 12)
            + (instr('123456789abcdef', substr(augmentations.id, 5, 1)) << 16)
            + (instr('123456789abcdef', substr(augmentations.id, 6, 1)) << 20)
            + (instr('123456789abcdef', substr(augmentations.id, 7, 1)) << 24) AS shuffle
    FROM augmentations JOIN samples ON samples.id = variant_id;
CREATE VIEW entering_types AS
    SELECT DISTINCT json_extract(value, '$.type') AS type, number, augmentation_id
    FROM queue JOIN samples ON samples.id = variant_id, json_each(samples.record, '$.entities')
    WHERE json_extract(value, '$.type') IS NOT NULL;

-- Decisions that nobody took back.
CREATE VIEW standing AS
    SELECT * FROM decisions AS own WHERE undoes IS NULL AND (
        act IS NULL OR NOT EXISTS (SELECT 1 FROM decisions AS later WHERE later.undoes = own.act)
    );
-- Votes that say something about the variant.
CREATE VIEW counted AS SELECT * FROM votes WHERE choice NOT IN ('withdrawn', 'skipped');
-- Where each variant stands: as an adjudication says; else, where one vote is enough, as the latest word says; else
-- as all say, once they are enough and agree.
CREATE VIEW tallied AS
    SELECT augmentation_id, model, dropped,
        coalesce((SELECT votes FROM rules ORDER BY number DESC LIMIT 1), 1) AS needed,
        (SELECT count(*) FROM counted WHERE augmentation_id = queue.augmentation_id) AS votes,
        (SELECT count(DISTINCT choice) FROM counted WHERE augmentation_id = queue.augmentation_id) AS choices,
        (SELECT max(decision) FROM counted WHERE augmentation_id = queue.augmentation_id) AS newest_vote,
        (SELECT max(number) FROM standing WHERE augmentation_id = queue.augmentation_id) AS latest,
        (SELECT max(number) FROM standing WHERE augmentation_id = queue.augmentation_id
            AND choice <> 'skipped') AS latest_word,
        (SELECT number FROM standing WHERE augmentation_id = queue.augmentation_id AND adjudicates
            ORDER BY number DESC LIMIT 1) AS final
    FROM queue;
CREATE VIEW settled AS
    SELECT augmentation_id, votes, decided,
        -- An edit that was taken back waits for nobody.
        CASE WHEN model = 'by hand' THEN CASE WHEN latest IS NULL THEN 'taken back' END ELSE dropped END AS dropped,
        choices > 1 AND final IS NULL AS disputed,
        coalesce(
            (SELECT CASE choice WHEN 'approved' THEN 'accepted' WHEN 'withdrawn' THEN 'pending' ELSE choice END
                FROM decisions WHERE number = decided),
            'pending'
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

CREATE TRIGGER queue_is_tallied AFTER INSERT ON queue
BEGIN
    INSERT INTO tally VALUES (NEW.state, NEW.dropped IS NOT NULL, 1)
        ON CONFLICT DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER queue_is_tallied_anew AFTER UPDATE OF state, dropped ON queue
    WHEN OLD.state <> NEW.state OR OLD.dropped IS NOT NEW.dropped
BEGIN
    UPDATE tally SET n = n - 1 WHERE state = OLD.state AND is_dropped = (OLD.dropped IS NOT NULL);
    INSERT INTO tally VALUES (NEW.state, NEW.dropped IS NOT NULL, 1)
        ON CONFLICT DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER variants_enter_the_queue AFTER INSERT ON augmentations WHEN NEW.variant_id IS NOT NULL
BEGIN
    INSERT INTO queue (augmentation_id, variant_id, kind, model, dropped, margin, text, label, shuffle)
        SELECT * FROM entering WHERE augmentation_id = NEW.id;
    INSERT INTO queue_types (type, number) SELECT type, number FROM entering_types WHERE augmentation_id = NEW.id;
END;
CREATE TRIGGER decisions_are_counted AFTER INSERT ON decisions
BEGIN
    DELETE FROM votes WHERE augmentation_id = NEW.augmentation_id AND reviewer = NEW.reviewer;
    INSERT INTO votes
        SELECT augmentation_id, reviewer, choice, number FROM standing
        WHERE augmentation_id = NEW.augmentation_id AND reviewer = NEW.reviewer ORDER BY number DESC LIMIT 1;
    UPDATE queue SET (state, decided, votes, disputed, dropped) =
        (SELECT state, decided, votes, disputed, dropped FROM settled WHERE settled.augmentation_id = queue.augmentation_id)
    WHERE augmentation_id = NEW.augmentation_id;
END;
CREATE TRIGGER rules_settle_all AFTER INSERT ON rules BEGIN
    UPDATE queue SET (state, decided, votes, disputed, dropped) =
        (SELECT state, decided, votes, disputed, dropped FROM settled WHERE settled.augmentation_id = queue.augmentation_id);
END;
CREATE TRIGGER rules_are_not_changed BEFORE UPDATE ON rules
    BEGIN SELECT RAISE(ABORT, 'rules are append-only'); END;
CREATE TRIGGER rules_are_not_deleted BEFORE DELETE ON rules
    BEGIN SELECT RAISE(ABORT, 'rules are append-only'); END;

-- What the workspace holds already.
INSERT INTO queue (augmentation_id, variant_id, kind, model, dropped, margin, text, label, shuffle)
    SELECT * FROM entering ORDER BY (SELECT rowid FROM augmentations WHERE id = augmentation_id);
INSERT INTO queue_types (type, number) SELECT type, number FROM entering_types;
INSERT INTO votes
    SELECT augmentation_id, reviewer, choice, max(number) FROM standing GROUP BY augmentation_id, reviewer;
UPDATE queue SET (state, decided, votes, disputed, dropped) =
    (SELECT state, decided, votes, disputed, dropped FROM settled WHERE settled.augmentation_id = queue.augmentation_id)
WHERE augmentation_id IN (SELECT augmentation_id FROM decisions);

-- Indices are made quicker over rows that are there.
CREATE INDEX queue_by_state ON queue (state, dropped, number);
CREATE INDEX queue_by_shuffle ON queue (state, dropped, shuffle, number);
CREATE INDEX queue_by_uncertainty ON queue (state, dropped, uncertainty DESC, number);
CREATE INDEX queue_by_changes ON queue (state, dropped, changes DESC, number);
CREATE INDEX queue_by_dispute ON queue (state, dropped, disputed DESC, number);
CREATE INDEX queue_of_disputes ON queue (number) WHERE disputed = 1;
CREATE INDEX queue_by_model ON queue (model);
CREATE INDEX queue_by_kind ON queue (kind);
CREATE INDEX queue_by_label ON queue (label);
CREATE INDEX queue_by_student ON queue (student);
