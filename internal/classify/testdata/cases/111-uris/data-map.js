var a=1;
//# sourceMappingURL=data:application/json;base64,eyJ2ZXJzaW9uIjogMywgInNvdXJjZXNDb250ZW50IjogWyIvLyBTU046IDUzNi05MC00Mzk5XG4iXX0=
