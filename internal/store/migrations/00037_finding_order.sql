-- +goose Up

-- Whether the texts that nearly every finding has another of (the key and the path of its object) are kept in their order, in blocks
-- (finding_column), in place of a column. Segments that an earlier version wrote have the column.
alter table finding_segment add column ordered boolean not null default false;

-- +goose Down
alter table finding_segment drop column ordered;
