COPY public.p (name, ssn, card_number) FROM stdin;
Ann	527228008	4716383500696478
\.
