-- +goose Up

-- The processes that use object stores whose requests the operator has capped: they share the cap.
create table inventory_node (
    id text primary key,
    seen_at bigint not null
);

-- The orders in which buckets are listed, each as the statement writes it.
create index bucket_by_classifiable_count on bucket (region, account_id, (coalesce(classifiable_count, -2)), name);
create index bucket_by_classifiable_size on bucket (region, account_id, (coalesce(classifiable_size, -2)), name);
create index bucket_by_object_count on bucket (region, account_id, (coalesce(object_count, -2)), name);
create index bucket_by_score on bucket (region, account_id, (coalesce(sensitivity_score, -2)), name);
create index bucket_by_size on bucket (region, account_id, (coalesce(size_bytes, -2)), name);

-- +goose Down
drop index bucket_by_size;
drop index bucket_by_score;
drop index bucket_by_object_count;
drop index bucket_by_classifiable_size;
drop index bucket_by_classifiable_count;
drop table inventory_node;
