INSERT INTO staff SET id=1, passport='542700999';
