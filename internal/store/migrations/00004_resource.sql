-- +goose Up

-- What a call with a client token did, so that its retry gets the same answer.
create table client_token (
    account_id text not null,
    region text not null,
    operation text not null,
    client_token text not null,
    request text not null,
    response text not null,
    at bigint not null,
    primary key (account_id, region, operation, client_token)
);

-- +goose Down
drop table client_token;
