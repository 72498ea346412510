-- +goose Up

-- The processes that use a store at the moment, and at what pace: they share what the store bears. rate is in thousandths of a request a
-- second, 0 where the store has not asked for fewer; measured is what the process makes. refusals counts how often the store asked for fewer.
create table store_node (
    store_id text not null,
    node text not null,
    seen_at bigint not null,
    rate bigint not null,
    measured bigint not null,
    refusals bigint not null,
    away_until bigint not null,
    primary key (store_id, node)
);

drop table inventory_node;

-- What became of a bucket that its account does not have any more.
create index bucket_by_name on bucket (name);

-- +goose Down
drop index bucket_by_name;
create table inventory_node (
    id text primary key,
    seen_at bigint not null
);
drop table store_node;
