-- +goose Up

-- Findings of data, which never change: each is written once, under the next number of its holder. What they are selected by stands in
-- finding_segment and finding_column; whether one is archived, or gone, is a flag of its segment.
create table finding_data (
    region text not null,
    holder text not null,
    number bigint not null,
    id text not null,
    document text not null,
    primary key (region, holder, number)
);

create unique index finding_data_id on finding_data (region, holder, id);

-- The next number of a holder's findings. Who records findings changes it first, so that they do so one after the other.
create table finding_head (
    region text not null,
    holder text not null,
    next bigint not null,
    primary key (region, holder)
);

-- A segment holds the findings of the numbers from first on, by columns: in its body while it is small (loose), in finding_column
-- after that. archived and gone are bits in base64, empty where none is set; version counts their changes. oldest and newest are the
-- times of updates of those that are not gone.
create table finding_segment (
    region text not null,
    holder text not null,
    first bigint not null,
    size bigint not null,
    id text not null,
    loose boolean not null,
    version bigint not null,
    oldest bigint not null,
    newest bigint not null,
    archived text not null,
    gone text not null,
    body text not null,
    primary key (region, holder, first)
);

-- The columns of a segment that is not loose, each in base64. They never change.
create table finding_column (
    segment_id text not null,
    name text not null,
    body text not null,
    primary key (segment_id, name)
);

-- +goose Down
drop table finding_column;
drop table finding_segment;
drop table finding_head;
drop table finding_data;
