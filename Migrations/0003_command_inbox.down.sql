-- 0003_command_inbox, taken back: the view, and the table with all its rows.

DROP VIEW command_box;
DROP FUNCTION genesis_change_command_box();
DROP TABLE command_inbox;
DROP FUNCTION genesis_complete_inbox_row();
