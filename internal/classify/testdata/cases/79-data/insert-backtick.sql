INSERT INTO `p` (`name`,`ssn`,`card_number`) VALUES ('An\'n','527228008','4716383500696478'),('B','x','y');
