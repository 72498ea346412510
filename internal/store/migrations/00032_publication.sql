-- +goose Up

-- Where findings of an account in a Region are told. secret is sealed under the master key master_key_id. Whoever delivers holds
-- the row until lease_until, by the database's clock; fence counts who did, so that one who lost it changes nothing any more.
create table destination (
    id text primary key,
    account_id text not null,
    name text not null,
    region text not null,
    kind text not null check (kind in ('webhook', 'eventbridge', 'securityhub', 'file')),
    settings text not null,
    secret text not null,
    master_key_id text not null,
    enabled boolean not null,
    problem text not null,
    fence bigint not null,
    lease_until bigint not null,
    due_at bigint not null,
    failures bigint not null,
    delivered bigint not null,
    delivered_at bigint,
    created_at bigint not null,
    unique (account_id, name)
);

create index destination_place on destination (region, account_id);

-- The next number of a destination's deliveries. It stands apart so that who records a finding does not wait for who delivers.
create table destination_order (
    destination_id text primary key,
    next bigint not null
);

-- What is still to be told. Rows are delivered in the order of number, those that are held back (updates) not before due_at.
create table finding_delivery (
    destination_id text not null,
    number bigint not null,
    finding_id text not null,
    event_id text not null,
    body text not null,
    due_at bigint not null,
    created_at bigint not null,
    primary key (destination_id, number)
);

create index finding_delivery_finding on finding_delivery (destination_id, finding_id);
create index finding_delivery_age on finding_delivery (created_at);

-- What a destination refused for good.
create table finding_dead_letter (
    destination_id text not null,
    number bigint not null,
    finding_id text not null,
    event_id text not null,
    body text not null,
    reason text not null,
    created_at bigint not null,
    died_at bigint not null,
    primary key (destination_id, number)
);

create index finding_dead_letter_age on finding_dead_letter (died_at);

-- +goose Down
drop table finding_dead_letter;
drop table finding_delivery;
drop table destination_order;
drop table destination;
