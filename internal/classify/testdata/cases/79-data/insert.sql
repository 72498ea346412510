INSERT INTO p (name, ssn, card_number) VALUES ('Ann','527228008','4716383500696478');
