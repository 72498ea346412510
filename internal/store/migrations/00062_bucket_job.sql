-- +goose Up

-- Which jobs are about a bucket, to the account that created them, which is the one that is told. explicit are those whose definition names
-- the bucket, the others have found it by their criteria when they ran. live are those that were not cancelled. run_at is when the latest
-- run that took the bucket in began.
create table bucket_job (
    region text collate "binary" not null,
    creator_id text collate "binary" not null,
    account_id text collate "binary" not null,
    name text collate "binary" not null,
    job_id text collate "binary" not null,
    explicit boolean not null,
    recurring boolean not null,
    live boolean not null,
    run_at bigint,
    primary key (region, creator_id, account_id, name, job_id)
);

create index bucket_job_of on bucket_job (region, creator_id, job_id);

-- +goose Down
drop table bucket_job;
