UPDATE staff SET passport = '542700999' WHERE id = 1;
