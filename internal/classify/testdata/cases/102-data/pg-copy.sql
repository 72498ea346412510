COPY public.staff (id, passport, note) FROM stdin;
1	542700999	a\tb
2	509480652	\N
\.
