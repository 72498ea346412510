INSERT INTO `staff` (`id`,`passport`,`x`) VALUES (1,'542700999','a\'b'),(2,'509480652','it''s');
