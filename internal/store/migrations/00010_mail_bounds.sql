-- How many invitation mails went to whom. Package membership explains it: mailbounds.go.

-- +goose Up

-- When the last mail went from an administrator to an account in a Region. It outlives the member record.
create table mail_last (
    administrator_id text   not null,
    account_id       text   not null,
    region           text   not null,
    at               bigint not null,
    primary key (administrator_id, account_id, region)
);

-- How many mails an account sent, or got, in a day, which is counted from 1970.
create table mail_day (
    account_id text   not null,
    side       text   not null check (side in ('sent', 'got')),
    day        bigint not null,
    mails      bigint not null check (mails > 0),
    primary key (account_id, side, day)
);

-- +goose Down
drop table mail_last;
drop table mail_day;
