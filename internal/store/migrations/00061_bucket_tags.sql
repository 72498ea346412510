-- +goose Up

-- The tags of a bucket beside everything else that it is filtered by, each on a line of its own: key, tab, value. Backslashes, line feeds
-- and tabs in them are written \\, \n and \t. There is a line feed before the first and after each, so that a search for a whole line, for
-- its beginning or for its end finds tags, keys and values.
alter table bucket add column tags text not null default '';

update bucket set tags = '
' || (select string_agg(replace(replace(replace(t.key, '\', '\\'), '
', '\n'), '	', '\t') || '	' || replace(replace(replace(t.value, '\', '\\'), '
', '\n'), '	', '\t'), '
') from bucket_tag t where t.region = bucket.region and t.account_id = bucket.account_id and t.name = bucket.name) || '
'
where exists (select 1 from bucket_tag t where t.region = bucket.region and t.account_id = bucket.account_id and t.name = bucket.name);

-- +goose Down
alter table bucket drop column tags;
