struct a { int count; };
