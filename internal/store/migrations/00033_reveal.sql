-- +goose Up

-- Whether an account lets samples of sensitive data be retrieved, and how.
create table reveal_configuration (
    region text not null,
    account_id text not null,
    enabled boolean not null,
    kms_key_id text not null,
    role_name text not null,
    external_id text not null,
    primary key (region, account_id)
);

-- How many requests for samples an account has made on a day: the number of days since 1970, in UTC.
create table reveal_count (
    region text not null,
    account_id text not null,
    day bigint not null,
    counted bigint not null,
    primary key (region, account_id)
);

-- +goose Down
drop table reveal_count;
drop table reveal_configuration;
