INSERT INTO `staff` (`id`,`ssn`) VALUES (1,_binary '421-85-3825');
