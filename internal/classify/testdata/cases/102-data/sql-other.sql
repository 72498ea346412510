INSERT INTO t (id, passport, ord) VALUES (1, 'x', '542700999');
