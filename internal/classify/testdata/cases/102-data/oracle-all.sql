INSERT ALL
 INTO staff (id, passport) VALUES (1, '542700999')
 INTO staff (id, passport) VALUES (2, '509480652')
SELECT 1 FROM dual;
