-- +goose Up

-- Whose quota of the month paused a job, and how many bytes that quota was: the account is the one whose data were analysed, which need not be the
-- one that created the job. Both are as they were at the latest such pause.
alter table classification_job add column quota_account text not null default '';
alter table classification_job add column quota_bytes bigint not null default 0;
update classification_job set quota_account = account_id where status = 'PAUSED';

create index classification_job_paused on classification_job (region, account_id, id) where status = 'PAUSED';

-- +goose Down
drop index classification_job_paused;
alter table classification_job drop column quota_bytes;
alter table classification_job drop column quota_account;
