-- +goose Up

-- What people have made of a finding: each change is a row, and the last one holds. The account is the one that says so: an
-- administrator and the owner of a bucket each have their own.
create table finding_triage (
    region text not null,
    account_id text not null,
    finding_id text not null,
    version bigint not null,
    state text not null,
    reason text not null,
    comment text not null,
    said_by text not null,
    said_at bigint not null,
    primary key (region, account_id, finding_id, version)
);

create index finding_triage_finding on finding_triage (region, finding_id);

-- +goose Down
drop table finding_triage;
