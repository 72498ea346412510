-- For claims in turn, for what is paused and cancelled together, and for what was given up.

-- +goose Up
create index if not exists task_due_in_line on task (kind, tenant, group_id, run_at, key) where state = 'ready' and tenant <> '';
create index if not exists task_of_group on task (group_id, kind, key) where group_id <> '';
create index if not exists task_failed on task (kind, enqueued_at, key) where state = 'failed';

-- +goose Down
drop index task_failed;
drop index task_of_group;
drop index task_due_in_line;
