-- Notices of account changes sent to a mailbox on a day: a cap keeps a misused account from flooding its owner. They are
-- counted apart from messages that strangers can ask for, which therefore cannot use the cap up.
CREATE TABLE notice_counts (
    email_key text    COLLATE "C" NOT NULL,
    day       date    NOT NULL,
    sent      integer NOT NULL,
    PRIMARY KEY (email_key, day)
);
