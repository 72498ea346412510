-- Sessions that ended, of which rows in other tables may be left. Package session explains it.

-- +goose Up
create table session_ended (
    region     text   not null,
    account_id text   not null,
    ended_at   bigint not null,
    primary key (region, account_id)
);

-- +goose Down
drop table session_ended;
