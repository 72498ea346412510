-- +goose Up

-- The processes that use object stores whose requests the operator has capped: they share the cap.
create table inventory_node (
    id text primary key,
    seen_at bigint not null
);

-- +goose Down
drop table inventory_node;
