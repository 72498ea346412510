-- Tasks: effects that were decided in a transaction and are had afterwards. Package queue explains them.

-- +goose Up
create table task (
    kind        text   not null,
    key         text   not null,
    state       text   not null default 'ready' check (state in ('ready', 'held', 'failed')),
    payload     text   not null,
    enqueued_at bigint not null,
    run_at      bigint not null,
    attempt     bigint not null default 0,
    owner       text, -- the task_worker that holds it
    claim       text, -- the fence: names one claim by one worker, never again
    error       text, -- why the last attempt failed
    primary key (kind, key),
    check ((state = 'held') = (owner is not null) and (owner is null) = (claim is null))
);
create index task_due on task (kind, run_at, key) where state = 'ready';
create index task_held on task (owner) where state = 'held';

-- A worker is alive while its row is young. It is renewed only while the worker holds tasks.
create table task_worker (
    id      text   not null primary key,
    name    text   not null, -- host and process, for people
    seen_at bigint not null
);

-- When a kind with a rate may begin its next task, in microseconds: the pace of all nodes together.
create table task_rate (
    kind    text   not null primary key,
    next_at bigint not null
);

-- +goose Down
drop table task_rate;
drop table task_worker;
drop table task;
