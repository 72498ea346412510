-- +goose Up

-- Discovery results: what became of each object, as files that are written to the account's bucket when it has named one, and
-- kept for those that it names later. folder is the job's id or the name of automated discovery, body the file in base64.
create table discovery_result (
    region text not null,
    account_id text not null,
    id text not null,
    folder text not null,
    owner_id text not null,
    objects bigint not null,
    body text not null,
    created_at bigint not null,
    primary key (region, account_id, id)
);

create index discovery_result_age on discovery_result (created_at);

-- Where an account's discovery results go. unencrypted says that its store does not know KMS, so that files are written without it.
create table classification_export (
    region text not null,
    account_id text not null,
    bucket text not null,
    key_prefix text not null,
    kms_key_arn text not null,
    expected_owner text not null,
    unencrypted boolean not null,
    primary key (region, account_id)
);

-- +goose Down
drop table classification_export;
drop table discovery_result;
