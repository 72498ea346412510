-- +goose Up

-- Accounts whose quota differs from the server's. An account need not be registered: with --dev, accounts exist without a row.
create table quota (
    account_id text primary key,
    members bigint not null check (members >= 0),
    updated_at bigint not null
);

-- +goose Down
drop table quota;
