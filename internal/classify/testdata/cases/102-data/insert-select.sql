INSERT INTO staff (id, passport) SELECT 1, '542700999' FROM dual;
