-- +goose Up

-- One row for each call: record is what happened, in CloudTrail's shape; the other columns are what is searched by. node is the server
-- that took the call. The key begins with the time, so that rows are added at the end and old ones go from the beginning.
create table audit (
    at bigint not null,
    event_id text not null,
    account_id text not null,
    principal text not null,
    operation text not null,
    node text not null,
    record text not null,
    primary key (at, event_id)
);

create index audit_account on audit (account_id, at);

-- +goose Down
drop table audit;
