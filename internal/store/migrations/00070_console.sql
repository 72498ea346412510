-- +goose Up

-- Who is signed in to the web console. The id is the SHA-256 of what the browser's cookie holds, so that nobody who reads the table can
-- be one of them. There is no secret access key; the token of a session that a role gave is sealed under the master key.
create table console_session (
    id text not null,
    account_id text not null,
    principal text not null,
    key_id text not null,
    token text not null,
    created_at bigint not null,
    seen_at bigint not null,
    expires_at bigint not null,
    source text not null,
    user_agent text not null,
    primary key (id)
);

create index console_session_principal on console_session (principal, created_at);
create index console_session_expires on console_session (expires_at);

-- The roles that a session has switched to.
create table console_identity (
    session_id text not null,
    id text not null,
    account_id text not null,
    principal text not null,
    role_arn text not null,
    key_id text not null,
    token text not null,
    created_at bigint not null,
    expires_at bigint not null,
    primary key (session_id, id)
);

-- Links that sign in, once. The id is the SHA-256 of what the link holds.
create table console_link (
    id text not null,
    account_id text not null,
    principal text not null,
    key_id text not null,
    token text not null,
    expires_at bigint not null,
    primary key (id)
);

create index console_link_expires on console_link (expires_at);

-- +goose Down
drop table console_link;
drop table console_identity;
drop table console_session;
