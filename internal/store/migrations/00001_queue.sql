-- +goose Up
create table task (
    id text primary key
);

-- +goose Down
drop table task;
