CREATE TABLE staff (id int, passport varchar(9));
INSERT INTO staff VALUES (1,'542700999'),(2,'509480652');
