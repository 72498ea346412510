-- +goose Up

-- Jobs. definition is what CreateClassificationJob was given, as JSON. run numbers the runs that have begun; the active one,
-- if there is one, is being planned or is running, and shards counts its tasks that have not ended. What a run has to look at
-- was last changed at or after since. resumes is the status that the end of a pause leads back to.
create table classification_job (
    region text not null,
    account_id text not null,
    id text not null,
    name text collate "binary" not null,
    type text collate "binary" not null check (type in ('ONE_TIME', 'SCHEDULED')),
    status text collate "binary" not null check (status in ('RUNNING', 'PAUSED', 'CANCELLED', 'COMPLETE', 'IDLE', 'USER_PAUSED')),
    definition text not null,
    tags text not null default '',
    created_at bigint not null,
    run bigint not null,
    run_at bigint,
    active text not null check (active in ('none', 'planning', 'running')),
    shards bigint not null check (shards >= 0),
    since bigint not null,
    expected bigint not null,
    failed boolean not null,
    paused_at bigint,
    expires_at bigint,
    resumes text not null,
    due_at bigint,
    primary key (region, account_id, id)
);

-- What happened to a job and its runs, in the order of id. resource and owner are the bucket's that it happened with.
create table job_event (
    region text not null,
    account_id text not null,
    job_id text not null,
    id text collate "binary" not null,
    at bigint not null,
    type text not null,
    run_at bigint,
    operation text not null,
    owner_id text not null,
    resource text not null,
    detail text not null,
    primary key (region, account_id, job_id, id)
);

-- +goose Down
drop table job_event;
drop table classification_job;
