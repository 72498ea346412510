CREATE TABLE p (name text, ssn char(9), card_number varchar(19));
INSERT INTO p VALUES ('Ann','527228008','4716383500696478');
